import type { ReactNode } from "react";
import { Button } from "./Button";
import { clsx } from "./clsx";
import css from "./States.module.css";
import { Foreign } from "./Text";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.state}>
      <h2>{title}</h2>
      {children && <div className="muted">{children}</div>}
    </div>
  );
}

// Something is on its way. It shows after 300 ms only: what is quick does not flicker.
export function Loading({ what, lines = 6 }: { what: string; lines?: number }) {
  return (
    <div className={clsx(css.skeleton, css.late)} role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} className={css.bone} style={{ inlineSize: `${90 - ((at * 23) % 45)}%` }} />
      ))}
    </div>
  );
}

// What went wrong: what, where, and the next step.
export interface ProblemText {
  title: string;
  detail?: string | undefined;
  hint?: string | undefined;
  places?: readonly { where: string; message: string }[] | undefined;
  trace?: string | undefined;
}

export function ProblemBox({ problem, retry }: { problem: ProblemText; retry?: (() => void) | undefined }) {
  return (
    <div className={clsx(css.state, css.problem)} role="alert">
      <p className={css.what}>
        <Foreign text={problem.title} />
      </p>
      {problem.detail && (
        <p>
          <Foreign text={problem.detail} />
        </p>
      )}
      {problem.places && problem.places.length > 0 && (
        <ul className={css.places}>
          {problem.places.map((place, at) => (
            <li key={at}>
              {place.where && `${place.where}: `}
              <Foreign text={place.message} />
            </li>
          ))}
        </ul>
      )}
      {problem.hint && (
        <p>
          Next: <Foreign text={problem.hint} />
        </p>
      )}
      {problem.trace && <p className="muted">trace {problem.trace}</p>}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}
