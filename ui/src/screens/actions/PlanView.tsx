import { useMemo } from "react";
import type { PlannedStage, Stage } from "@/api/types";
import { Foreign, format, StatusIcon } from "@/design";
import css from "./Actions.module.css";
import { byWork, doesStatus, planRows, planSummary, tookOf } from "./plan";

const most = 500;

interface Props {
  stages: readonly PlannedStage[];
  ran?: readonly Stage[] | undefined; // of the run whose results are reused
}

// What each stage would do and why, those that do something first.
export function PlanView({ stages, ran }: Props) {
  const took = useMemo(() => tookOf(ran ?? []), [ran]);
  const rows = useMemo(() => byWork(planRows(stages, took)), [stages, took]);
  const saves = rows.some((row) => row.savedMs !== undefined);
  return (
    <section className={css.plan} aria-label="Plan">
      <p className={css.summary}>{planSummary(stages, took)}</p>
      {/* A region that scrolls can be reached with the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} tabIndex={0} role="region" aria-label="What each stage would do">
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Does</th>
              <th scope="col" className={css.end}>
                Tasks
              </th>
              {saves && (
                <th scope="col" className={css.end}>
                  Saves
                </th>
              )}
              <th scope="col">Because</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  <Foreign text={row.name} />
                </th>
                <td>
                  <span className={css.does} style={{ color: `var(--st-${doesStatus[row.does]})` }}>
                    <StatusIcon status={doesStatus[row.does]} />
                    {row.words}
                  </span>
                </td>
                <td className={css.end}>{row.tasks.toLocaleString("en")}</td>
                {saves && <td className={css.end}>{row.savedMs === undefined ? "" : format.duration(row.savedMs)}</td>}
                <td className="muted">
                  <Foreign text={row.why} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most && <p className="muted">The first {most} of {rows.length.toLocaleString("en")} stages.</p>}
    </section>
  );
}
