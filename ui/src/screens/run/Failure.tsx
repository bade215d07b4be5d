import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { workflowQuery } from "@/api/queries";
import { CodeText, Foreign } from "@/design";
import { nextStepOf, type FailureInfo } from "./failure";
import css from "./Drawer.module.css";
import run from "./Run.module.css";
import { sourcePlace } from "./source";

interface Props {
  run: string;
  stage: string; // its name, without a task's label
  failure: FailureInfo;
}

// What went wrong, the next step, and where in the workflow it has its cause.
export function Failure({ run: id, stage, failure }: Props) {
  const step = nextStepOf(failure.cause);
  return (
    <section className={run.section}>
      <h3>{failure.cause === "error" ? "Error" : `Error: ${failure.cause}`}</h3>
      <CodeText label="Error message" text={failure.message} wrap />
      {step && <p>Next: {step}</p>}
      <Source run={id} stage={stage} failure={failure} />
    </section>
  );
}

function Source({ run: id, stage, failure }: Props) {
  const { data } = useQuery(workflowQuery(id));
  const place = useMemo(() => data && sourcePlace(data.text, data.file, stage, failure), [data, stage, failure]);
  if (!place) return null;
  const { first, lines, line, column, length } = place;
  const width = String(first + lines.length).length;
  return (
    <figure className={css.source}>
      <figcaption>
        <Link to="/runs/$run/config" params={{ run: id }}>
          {data?.file ? <Foreign text={data.file.replace(/^.*\//, "")} /> : "Workflow"}
        </Link>
        , line {line}
      </figcaption>
      {/* A region that scrolls can be reached with the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={css.excerpt} tabIndex={0} role="region" aria-label={`Where it stands in the workflow: line ${line}, column ${column}`}>
        {lines.map((text, at) => (
          <span key={at}>
            <span className={css.number}>{String(first + at).padStart(width)} </span>
            <Foreign text={text} />
            {"\n"}
            {first + at === line && (
              <span className={css.caret} aria-hidden="true">
                {" ".repeat(width + column)}
                {"^".repeat(Math.min(length, Math.max(1, text.length - column + 1)))}
                {"\n"}
              </span>
            )}
          </span>
        ))}
      </pre>
    </figure>
  );
}
