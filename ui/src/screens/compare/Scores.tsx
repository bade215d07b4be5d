import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import type { ArtifactRow } from "@/api/types";
import { Empty, Foreign, Loading, ProblemBox } from "@/design";
import { writeAt } from "../artifacts/place";
import { artifactsQuery } from "../artifacts/queries";
import { isClear, percent, points } from "../report/model";
import css from "./Compare.module.css";
import { paired, readSummary } from "./model";

function useArtifacts(run: string) {
  const query = useInfiniteQuery(artifactsQuery(run));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.artifacts) ?? [], [query.data]);
  return { rows, error: query.error, pending: query.isPending || hasNextPage };
}

const most = 20; // evaluations

const summaryQuery = (digest: string) => ({
  queryKey: ["summary", digest],
  queryFn: async () => {
    const answer = client.GET("/api/v1/artifacts/{digest}/content", { params: { path: { digest } }, parseAs: "json" as const });
    return readSummary(await document<unknown>(answer)) ?? null;
  },
  staleTime: Infinity,
  retry: false,
});

// Evaluations that both runs have, on the same items.
export function Scores({ one, other }: { one: string; other: string }) {
  const first = useArtifacts(one);
  const second = useArtifacts(other);
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
  const loaded = useQueries({ queries: pairs.flat().map((row) => summaryQuery(row.digest)) });
  const error = first.error ?? second.error ?? loaded.find((query) => query.error)?.error;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (first.pending || second.pending || loaded.some((query) => query.isPending)) return <Loading what="scores" lines={10} />;
  const tables = pairs.map(([a, b], at) => {
    const left = loaded[2 * at]?.data;
    const right = loaded[2 * at + 1]?.data;
    return { a, b, rows: left && right ? paired(left, right) : [], same: a.digest === b.digest };
  });
  if (tables.length === 0)
    return <Empty title="No evaluation that both have">Scores stand beside each other where both runs have a stage of the same name with a summary.</Empty>;
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scores} tabIndex={0} role="region" aria-label="Scores">
      <p className="muted">Percent, on the items that both have; the difference in points with its 95 % interval.</p>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Evaluation</th>
            <th scope="col">Task</th>
            <th scope="col" className={css.end}>Items</th>
            <th scope="col" className={css.end}>First</th>
            <th scope="col" className={css.end}>Second</th>
            <th scope="col" className={css.end}>Difference</th>
            <th scope="col">Interval</th>
          </tr>
        </thead>
        <tbody>
          {tables.flatMap(({ a, b, rows, same }) =>
            rows.length === 0
              ? [
                  <tr key={a.task}>
                    <th scope="row"><Foreign text={a.task} /></th>
                    <td colSpan={6} className="muted">They have no item in common.</td>
                  </tr>,
                ]
              : rows.map((row) => {
                  const where = row.task ? [`task=${row.task}`] : undefined;
                  const cell = (run: string, task: string, value: number) => (
                    <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt({ task, output: "scores" }), where }}>
                      {percent(value)}
                    </Link>
                  );
                  return (
                    <tr key={`${a.task} ${row.task}`} className={row.task === "" ? css.whole : undefined}>
                      <th scope="row">{row.task === "" && <Foreign text={row.name || a.task} />}</th>
                      <td>{row.task ? <Foreign text={row.task} /> : "all"}</td>
                      <td className={css.end}>{row.n.toLocaleString("en")}</td>
                      <td className={css.end}>{cell(one, a.task, row.one)}</td>
                      <td className={css.end}>{cell(other, b.task, row.other)}</td>
                      <td className={css.end}>{same ? "the same" : points(row.delta)}</td>
                      <td className={isClear({ n: row.n, mean: row.delta, low: row.low, high: row.high }) ? undefined : "muted"}>
                        {same || row.n < 2 ? "" : `${points(row.low)} to ${points(row.high)}${isClear({ n: row.n, mean: row.delta, low: row.low, high: row.high }) ? ", clear" : ""}`}
                      </td>
                    </tr>
                  );
                }),
          )}
        </tbody>
      </table>
    </div>
  );
}
