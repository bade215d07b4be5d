import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { client, document as read } from "@/api/client";
import { problemText } from "@/api/problem";
import type { LineageNode } from "@/api/types";
import { Empty, Foreign, Loading, ProblemBox } from "@/design";
import { readAt, writeAt, type At } from "../artifacts/place";
import { artifactsQuery, lineageQuery } from "../artifacts/queries";
import { useRunId } from "../run/useRun";
import { Curves } from "./Curves";
import { isClear, percent, points, readReport, type Difference, type Evaluation, type Report, type Score } from "./model";
import css from "./Report.module.css";

// The newest artifact of kind report that holds report.json, drawn from it.
export function ReportTab() {
  const run = useRunId();
  const { at } = useSearch({ from: "/runs/$run/report" });
  const chosen = readAt(at);
  const list = useInfiniteQuery({ ...artifactsQuery(run), enabled: !chosen });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !chosen) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, chosen]);
  const found = useMemo(() => {
    const all = list.data?.pages.flatMap((page) => page.artifacts) ?? [];
    const last = all.findLast((artifact) => artifact.kind === "report" && artifact.name === "report");
    return last && { task: last.task, output: last.name };
  }, [list.data]);
  const place = chosen ?? found;
  if (place) return <OneReport key={writeAt(place)} run={run} at={place} />;
  if (list.error) return <ProblemBox problem={problemText(list.error)} retry={() => void list.refetch()} />;
  if (list.isPending || hasNextPage) return <Loading what="the report" />;
  return (
    <Empty title="No report yet">
      A stage that <Link to="/plugins/$type" params={{ type: "report" }}>uses report</Link> makes one when it has succeeded.
    </Empty>
  );
}

function OneReport({ run, at }: { run: string; at: At }) {
  const lineage = useQuery(lineageQuery(run, at));
  const digest = lineage.data?.artifact.digest;
  const json = useQuery({
    queryKey: ["report", digest],
    enabled: digest !== undefined,
    staleTime: Infinity,
    retry: false,
    queryFn: ({ signal }) =>
      read<unknown>(
        client.GET("/api/v1/artifacts/{digest}/content", {
          params: { path: { digest: digest ?? "" }, query: { file: "report.json" } },
          parseAs: "json",
          signal,
        }),
      ),
  });
  const report = useMemo(() => readReport(json.data, lineage.data?.artifact), [json.data, lineage.data]);
  const error = lineage.error ?? json.error;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (lineage.isPending || json.isPending) return <Loading what="the report" lines={12} />;
  if (!report)
    return (
      <Empty title="This report is of another kind">
        <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt(at) }}>
          Look at its file
        </Link>
      </Empty>
    );
  return <ReportView run={run} report={report} />;
}

export function ReportView({ run, report }: { run: string; report: Report }) {
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <article className={css.report} tabIndex={0} aria-label="Report">
      <h2>
        <Foreign text={report.title} />
      </h2>
      <Scores run={run} report={report} />
      <Differences run={run} report={report} />
      {report.trainings.length > 0 && <Curves run={run} trainings={report.trainings} />}
      {report.paper && (
        <details className={css.section}>
          <summary>
            The paper&apos;s numbers (arXiv {report.paper.arxiv}): another model, other data, not comparable
          </summary>
          {report.paper.tables.map((table) => (
            <div key={table.title} className={css.wide}>
              <h4>
                <Foreign text={table.title} />
              </h4>
              <table className={css.table}>
                <thead>
                  <tr>
                    <th scope="col">Model</th>
                    {table.columns.map((name) => (
                      <th key={name} scope="col" className={css.end}>
                        {name}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {table.rows.map((row) => (
                    <tr key={row.name}>
                      <th scope="row">
                        <Foreign text={row.name} />
                      </th>
                      {table.columns.map((name) => (
                        <td key={name} className={css.end}>
                          {row.values.get(name)?.toFixed(2) ?? "–"}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ))}
        </details>
      )}
    </article>
  );
}

const scoresOf = (from: LineageNode) => writeAt({ task: from.task, output: "scores" });

function ScoreCell({ run, score, from, task }: { run: string; score: Score | undefined; from: LineageNode | undefined; task?: string }) {
  if (!score) return <span className="muted">–</span>;
  const words = percent(score.mean);
  const title = `${score.n} items, 95 % interval ${percent(score.low)} to ${percent(score.high)}`;
  return (
    <span title={title}>
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

function Scores({ run, report }: { run: string; report: Report }) {
  return (
    <section className={css.section}>
      <h3>Held-out scores, percent with 95 % interval</h3>
      {/* A region that scrolls can be reached with the keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.wide} tabIndex={0} role="region" aria-label="Scores">
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col" className={css.end}>
                Items
              </th>
              <th scope="col" className={css.end}>
                Average
              </th>
              {report.tasks.map((task) => (
                <th key={task} scope="col" className={css.end}>
                  <Foreign text={task} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.evaluations.map((evaluation) => (
              <tr key={evaluation.name}>
                <th scope="row">
                  <Stage run={run} evaluation={evaluation} />
                </th>
                <td className={css.end}>{evaluation.average?.n.toLocaleString("en")}</td>
                <td className={css.end}>
                  <ScoreCell run={run} score={evaluation.average} from={evaluation.from} />
                </td>
                {report.tasks.map((task) => (
                  <td key={task} className={css.end}>
                    <ScoreCell run={run} score={evaluation.tasks.get(task)} from={evaluation.from} task={task} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="muted">Each number leads to the answers that it is the mean of. Intervals from {report.resamples.toLocaleString("en")} resamples.</p>
    </section>
  );
}

function Stage({ run, evaluation }: { run: string; evaluation: Evaluation }) {
  if (!evaluation.from) return <Foreign text={evaluation.name} />;
  return (
    <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(evaluation.from) }}>
      <Foreign text={evaluation.name} />
    </Link>
  );
}

function Differences({ run, report }: { run: string; report: Report }) {
  const groups: [string, Difference[]][] = [
    ["Against the stage before", report.fromPrevious],
    [`Against ${report.evaluations[0]?.name ?? "the first"}`, report.fromFirst],
    ["The last against the first, by task", report.byTask],
  ];
  const shown = groups.filter(([, all]) => all.length > 0);
  if (shown.length === 0) return null;
  const most = Math.max(...shown.flatMap(([, all]) => all.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)])), 0.01);
  const from = (name: string) => report.evaluations.find((evaluation) => evaluation.name === name)?.from;
  return (
    <section className={css.section}>
      <h3>Differences on the same items, points with 95 % interval</h3>
      <div className={css.groups}>
        {shown.map(([title, all]) => (
          <table key={title} className={css.table}>
            <caption>{title}</caption>
            <thead>
              <tr>
                <th scope="col">{all[0]?.task ? "Task" : "Stage"}</th>
                <th scope="col" className={css.end}>
                  Points
                </th>
                <th scope="col">Interval</th>
              </tr>
            </thead>
            <tbody>
              {all.map((one) => {
                const source = from(one.to);
                const words = points(one.mean);
                return (
                  <tr key={`${one.from} ${one.to} ${one.task}`}>
                    <th scope="row">
                      <Foreign text={one.task || one.to} />
                    </th>
                    <td className={css.end}>
                      {source ? (
                        <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: scoresOf(source), where: one.task ? [`task=${one.task}`] : undefined }}>
                          {words}
                        </Link>
                      ) : (
                        words
                      )}
                    </td>
                    <td>
                      <Whisker one={one} most={most} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}

// The interval on a line through 0; in words beside it.
function Whisker({ one, most }: { one: Difference; most: number }) {
  const at = (value: number) => 60 + (value / most) * 54;
  return (
    <span className={isClear(one) ? css.clear : css.chance}>
      <svg width="120" height="14" viewBox="0 0 120 14" aria-hidden="true" className={css.whisker}>
        <path d="M60 1V13" stroke="var(--line-strong)" strokeDasharray="2 2" />
        <path d={`M${at(one.low)} 7H${at(one.high)}`} stroke="currentColor" strokeWidth="1.5" />
        <circle cx={at(one.mean)} cy="7" r="3" fill="currentColor" />
      </svg>
      {points(one.low)} to {points(one.high)}
      {isClear(one) && <b title="The interval leaves out 0"> clear</b>}
    </span>
  );
}
