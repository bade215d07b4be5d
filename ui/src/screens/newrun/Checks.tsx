import type { UseQueryResult } from "@tanstack/react-query";
import { problemText } from "@/api/problem";
import type { Validation } from "@/api/types";
import { ProblemBox } from "@/design";
import css from "./NewRun.module.css";
import { Problems } from "./Problems";

interface Props {
  text: string;
  validation: UseQueryResult<Validation>;
  onGo: (line: number, column: number) => void;
}

// What the server says of the text. It stands below the editor, so that nothing else moves with it.
export function Checks({ text, validation, onGo }: Props) {
  const { data, error } = validation;
  const diagnostics = data?.diagnostics ?? [];
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className={css.checks} tabIndex={0} aria-label="Checks">
      <h2 className="visually-hidden">Checks</h2>
      {text.trim() === "" ? (
        <p className="muted">No workflow yet: type one, drop a file, or begin with a template.</p>
      ) : (
        <>
          {error && <ProblemBox problem={problemText(error)} retry={() => void validation.refetch()} />}
          {!error && !data && <p className="muted">The server reads it…</p>}
          {data && diagnostics.length === 0 && <p className={css.good}>The server finds nothing wrong.</p>}
          {diagnostics.length > 0 && <Problems text={text} diagnostics={diagnostics} onGo={onGo} />}
        </>
      )}
    </section>
  );
}
