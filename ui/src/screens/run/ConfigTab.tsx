import { useQuery } from "@tanstack/react-query";
import { problemText } from "@/api/problem";
import { workflowQuery } from "@/api/queries";
import { Button, CodeText, Facts, Foreign, Loading, ProblemBox, ScrollRegion, useCopy } from "@/design";
import css from "./Run.module.css";
import { useRunId } from "./useRun";

// What the run was started with.
export function ConfigTab() {
  const query = useQuery(workflowQuery(useRunId()));
  const copy = useCopy();
  if (query.error && !query.data) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="the workflow" lines={12} />;
  const { text, file, params = {}, seed, declared = [] } = query.data;
  const docs = new Map(declared.map((param) => [param.name, param.doc]));
  return (
    <ScrollRegion label="Configuration" className={css.scroll}>
      <h2>Parameters</h2>
      <div className={css.section}>
        <Facts
          facts={[
            ...Object.entries(params).map(
              ([name, value]) =>
                [
                  name,
                  <span key={name}>
                    <code>
                      <Foreign text={typeof value === "string" ? value : JSON.stringify(value)} />
                    </code>{" "}
                    <span className="muted">{docs.get(name)}</span>
                  </span>,
                ] as const,
            ),
            ["seed", <code key="seed">{seed}</code>] as const,
          ]}
        />
      </div>
      <section className={css.section}>
        <h2>
          Workflow <code className="muted">{file}</code>
        </h2>
        <span>
          <Button onClick={() => copy(text, "Workflow")}>Copy</Button>
        </span>
        <CodeText label="Workflow file" text={text} numbered />
      </section>
    </ScrollRegion>
  );
}
