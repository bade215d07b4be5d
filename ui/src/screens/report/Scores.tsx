import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { LineageNode } from "@/api/types";
import { clsx, Foreign, plain, ScrollRegion } from "@/design";
import { writeAt } from "../artifacts/place";
import { best, percent, type Evaluation, type Report, type Score } from "./model";
import { axisOf } from "./plot";
import css from "./Report.module.css";
import { AxisNumbers, Whisker } from "./Whisker";

export const scoresOf = (from: LineageNode) => writeAt({ task: from.task, output: "scores" });

// What each stage scored, all items and by task; each number leads to the answers that it is the mean of.
export function Scores({ run, report }: { run: string; report: Report }) {
  const { evaluations, tasks } = report;
  const axis = useMemo(() => axisOf(evaluations.flatMap(({ average }) => (average ? [average.low, average.mean, average.high] : []))), [evaluations]);
  const highest = useMemo(() => best(report), [report]);
  const wellFormed = evaluations.some((one) => one.wellFormed !== undefined);
  const abstained = evaluations.some((one) => (one.abstentions ?? 0) > 0);
  return (
    <section className={css.section}>
      <h3>Held-out scores</h3>
      <p className="muted">
        Percent, with the 95 % interval from {report.resamples.toLocaleString("en")} resamples. Each number leads to the answers that it is the mean of; the highest of a column is bold.
      </p>
      <ScrollRegion label="Scores" className={plain.wide}>
        <table className={clsx(plain.table, css.scores)}>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className={plain.end}>
                Items
              </th>
              <th scope="col" className={plain.end}>
                Average
              </th>
              <th scope="col">
                <AxisNumbers axis={axis} label="Average with its interval, drawn" />
              </th>
              {tasks.map((task) => (
                <th key={task} scope="col" className={plain.end}>
                  <Foreign text={task.replaceAll("_", " ")} />
                </th>
              ))}
              {wellFormed && (
                <th scope="col" className={plain.end}>
                  Well-formed
                </th>
              )}
              {abstained && (
                <th scope="col" className={plain.end}>
                  Abstained
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {evaluations.map((evaluation, at) => (
              <tr key={`${at} ${evaluation.name}`}>
                <th scope="row">
                  <Stage run={run} evaluation={evaluation} />
                </th>
                <td className={plain.end}>{evaluation.average?.n.toLocaleString("en")}</td>
                <td className={plain.end}>
                  <Cell run={run} score={evaluation.average} from={evaluation.from} highest={highest.get("") === at} />
                </td>
                <td className={css.drawn}>
                  <Whisker score={evaluation.average} axis={axis} />
                </td>
                {tasks.map((task) => (
                  <td key={task} className={plain.end}>
                    <Cell run={run} score={evaluation.tasks.get(task)} from={evaluation.from} task={task} highest={highest.get(task) === at} />
                  </td>
                ))}
                {wellFormed && <td className={plain.end}>{percent(evaluation.wellFormed ?? NaN)}</td>}
                {abstained && <td className={plain.end}>{(evaluation.abstentions ?? 0).toLocaleString("en")}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </section>
  );
}

function Stage({ run, evaluation }: { run: string; evaluation: Evaluation }) {
  if (!evaluation.from) return <Foreign text={evaluation.name} />;
  return (
    <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(evaluation.from) }} title="What it was made from">
      <Foreign text={evaluation.name} />
    </Link>
  );
}

interface CellProps {
  run: string;
  score: Score | undefined;
  from: LineageNode | undefined;
  task?: string;
  highest: boolean;
}

function Cell({ run, score, from, task, highest }: CellProps) {
  if (!score) return <span className="muted">–</span>;
  const words = highest ? <b>{percent(score.mean)}</b> : percent(score.mean);
  return (
    <span title={`${score.n.toLocaleString("en")} items, 95 % interval ${percent(score.low)} to ${percent(score.high)}`}>
      {from ? (
        <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: scoresOf(from), where: task === undefined ? undefined : [`task=${task}`] }}>
          {words}
        </Link>
      ) : (
        words
      )}
      <span className={css.interval}>
        {percent(score.low)} – {percent(score.high)}
      </span>
    </span>
  );
}
