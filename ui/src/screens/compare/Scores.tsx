import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { jsonQuery } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import type { ArtifactRow } from "@/api/types";
import { clsx, Empty, Foreign, Loading, plain, ProblemBox, ScrollRegion } from "@/design";
import { writeAt } from "../artifacts/place";
import { useAllArtifacts } from "../artifacts/useAllArtifacts";
import { isClear, percent, points } from "../report/model";
import { evenAxis } from "../report/plot";
import drawings from "../report/Report.module.css";
import { AxisNumbers, Whisker } from "../report/Whisker";
import css from "./Compare.module.css";
import { paired, readSummary } from "./model";

const most = 20; // evaluations

// Evaluations that both runs have, on the same items.
export function Scores({ one, other }: { one: string; other: string }) {
  const first = useAllArtifacts(one);
  const second = useAllArtifacts(other);
  const pairs = useMemo(() => {
    const of = new Map(second.rows.map((row) => [writeAt({ task: row.task, output: row.name }), row]));
    return first.rows
      .filter((row) => row.kind === "summary")
      .flatMap((row): [ArtifactRow, ArtifactRow][] => {
        const twin = of.get(writeAt({ task: row.task, output: row.name }));
        return twin?.kind === "summary" ? [[row, twin]] : [];
      })
      .slice(0, most);
  }, [first.rows, second.rows]);
  const loaded = useQueries({ queries: pairs.flat().map((row) => jsonQuery(row.digest)) });
  const stamp = loaded.map((query) => query.dataUpdatedAt).join();
  const tables = useMemo(
    () =>
      pairs.map(([a, b], at) => {
        const left = readSummary(loaded[2 * at]?.data);
        const right = readSummary(loaded[2 * at + 1]?.data);
        return { a, b, rows: left && right ? paired(left, right) : [], same: a.digest === b.digest };
      }),
    // Answers are new objects with each drawing; the stamp says when one has changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [pairs, stamp],
  );
  const axis = useMemo(() => evenAxis(tables.flatMap(({ rows }) => rows.flatMap(({ low, high, delta }) => [low, high, delta]))), [tables]);
  const error = first.error ?? second.error ?? loaded.find((query) => query.error)?.error;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (first.pending || second.pending || loaded.some((query) => query.isPending)) return <Loading what="scores" lines={10} />;
  if (tables.length === 0)
    return <Empty title="No evaluation that both have">Scores stand beside each other where both runs have a stage of the same name with a summary.</Empty>;
  return (
    <div className={css.scores}>
      <p className="muted">Percent, on the items that both have; the paired difference in points with its 95 % interval. Filled and marked clear: the interval leaves out 0.</p>
      <ScrollRegion label="Scores" className={plain.wide}>
        <table className={plain.table}>
          <thead>
            <tr>
              <th scope="col">Evaluation</th>
              <th scope="col">Task</th>
              <th scope="col" className={plain.end}>Items</th>
              <th scope="col" className={plain.end}>First</th>
              <th scope="col" className={plain.end}>Second</th>
              <th scope="col" className={plain.end}>Difference</th>
              <th scope="col">
                <AxisNumbers axis={axis} label="Drawn" difference />
              </th>
              <th scope="col" className={plain.end}>95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {tables.flatMap(({ a, b, rows, same }) =>
              rows.length === 0
                ? [
                    <tr key={a.task}>
                      <th scope="row"><Foreign text={a.task} /></th>
                      <td colSpan={7} className="muted">They have no item in common.</td>
                    </tr>,
                  ]
                : rows.map((row) => {
                    const where = row.task ? [`task=${row.task}`] : undefined;
                    const cell = (run: string, task: string, value: number) => (
                      <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt({ task, output: "scores" }), where }}>
                        {percent(value)}
                      </Link>
                    );
                    const score = { n: row.n, mean: row.delta, low: row.low, high: row.high };
                    const drawn = !same && row.n > 1;
                    return (
                      <tr key={`${a.task} ${row.task}`} className={row.task === "" ? css.whole : undefined}>
                        <th scope="row">{row.task === "" && <Foreign text={row.name || a.task} />}</th>
                        <td>{row.task ? <Foreign text={row.task.replaceAll("_", " ")} /> : "all"}</td>
                        <td className={plain.end}>{row.n.toLocaleString("en")}</td>
                        <td className={plain.end}>{cell(one, a.task, row.one)}</td>
                        <td className={plain.end}>{cell(other, b.task, row.other)}</td>
                        <td className={plain.end}>{same ? "the same" : points(row.delta)}</td>
                        <td className={drawings.drawn}>
                          <Whisker score={drawn ? score : undefined} axis={axis} difference />
                        </td>
                        <td className={clsx(plain.end, drawings.nowrap)}>
                          {drawn && `${points(row.low)} to ${points(row.high)}`}
                          {drawn && isClear(score) && <b className={drawings.clear}>clear</b>}
                        </td>
                      </tr>
                    );
                  }),
            )}
          </tbody>
        </table>
      </ScrollRegion>
    </div>
  );
}
