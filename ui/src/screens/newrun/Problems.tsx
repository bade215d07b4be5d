import type { Diagnostic } from "@/api/types";
import { CodeText, Foreign } from "@/design";
import css from "./NewRun.module.css";

// Line and caret, as the command line prints them.
export function caret(text: string, found: Pick<Diagnostic, "line" | "column">): string | undefined {
  const line = text.split("\n")[found.line - 1];
  if (line === undefined || line.trim() === "") return undefined;
  return `${line}\n${" ".repeat(Math.max(0, Math.min(found.column - 1, line.length)))}^`;
}

const most = 50;

interface Props {
  text: string;
  diagnostics: readonly Diagnostic[];
  onGo: (line: number, column: number) => void;
}

export function Problems({ text, diagnostics, onGo }: Props) {
  return (
    <ol className={css.problems} aria-label="What is wrong">
      {diagnostics.slice(0, most).map((found, at) => {
        const shown = caret(text, found);
        return (
          <li key={at}>
            <button type="button" className={css.problem} onClick={() => onGo(found.line, found.column)}>
              <span className={found.severity === "error" ? css.error : css.warning}>
                {found.severity} {found.line}:{found.column}
              </span>{" "}
              <Foreign text={found.message} />
            </button>
            {shown !== undefined && <CodeText label={`Line ${found.line}`} text={shown} />}
            {found.hint && (
              <p className={css.hint}>
                <Foreign text={found.hint} />
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}
