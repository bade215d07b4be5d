import { useMemo } from "react";
import type { PlannedStage } from "@/api/types";
import { Foreign, ScrollRegion, StatusIcon } from "@/design";
import css from "./Actions.module.css";
import { byWork, doesStatus, planRows, planSummary } from "./plan";

const most = 500;

interface Props {
  stages: readonly PlannedStage[];
}

// What each stage would do and why, those that do something first.
export function PlanView({ stages }: Props) {
  const rows = useMemo(() => byWork(planRows(stages)), [stages]);
  const saves = rows.some((row) => row.saved !== undefined);
  return (
    <section className={css.plan} aria-label="Plan">
      <p className={css.summary}>{planSummary(stages)}</p>
      <ScrollRegion label="What each stage would do" className={css.scroll}>
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
                {saves && <td className={css.end}>{row.saved}</td>}
                <td className="muted">
                  <Foreign text={row.why} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {rows.length > most && <p className="muted">The first {most} of {rows.length.toLocaleString("en")} stages.</p>}
    </section>
  );
}
