import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { rolloutSampleQuery, type TaskPath } from "@/api/reading";
import type { components } from "@/api/schema";
import { Empty, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import bars from "../run/Reading.module.css";
import run from "../run/Run.module.css";
import { useRunId } from "../run/useRun";
import { Question } from "./Question";

type Row = components["schemas"]["RolloutSampleStep"];
const number = (value: number | null) => (value === null ? "–" : format.number(value));

const columns: Column<Row>[] = [
  { id: "step", header: "Step", width: "5rem", end: true, cell: (row) => row.step },
  { id: "count", header: "Rollouts", width: "6rem", end: true, from: 26, cell: (row) => row.count },
  { id: "mean", header: "Mean reward", width: "7rem", end: true, cell: (row) => number(row.reward_mean) },
  { id: "min", header: "Smallest", width: "6rem", end: true, from: 34, cell: (row) => number(row.reward_min) },
  { id: "max", header: "Largest", width: "6rem", end: true, from: 34, cell: (row) => number(row.reward_max) },
  { id: "tokens", header: "Tokens", width: "6rem", end: true, from: 44, cell: (row) => number(row.tokens_mean) },
];

// The same sample across steps: did the policy learn it?
export function SampleView() {
  const id = useRunId();
  const { of, sample } = useSearch({ from: "/runs/$run/rollouts/sample" });
  const task = useMemo<TaskPath>(() => ({ run: id, stage: of ?? "" }), [id, of]);
  const query = useInfiniteQuery({ ...rolloutSampleQuery(task, sample ?? ""), enabled: of !== undefined && sample !== undefined });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.steps ?? []) ?? [], [query.data]);
  const navigate = useNavigate();
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback(
    (row: Row) => void navigate({ to: "/runs/$run/rollouts/group", params: { run: id }, search: { of, step: row.step, sample } }),
    [navigate, id, of, sample],
  );
  if (of === undefined || sample === undefined) return <Empty title="The address names no sample" />;
  return (
    <>
      <div className={bars.bars}>
        <Link to="/runs/$run/rollouts" params={{ run: id }} search={{ of }}>
          All of {of}
        </Link>
        <b>
          <Foreign text={sample} />
        </b>
      </div>
      <Question task={task} sample={sample} record={query.data?.pages[0]?.sample?.record} />
      <div className={run.fill}>
        {query.error && !query.data && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="steps" />}
        {query.isSuccess && rows.length === 0 && <Empty title="No step drew this sample" />}
        {rows.length > 0 && (
          <Table label="Steps that drew the sample" columns={columns} rows={rows} rowKey={(row) => String(row.step)} onOpen={open} onEnd={more} />
        )}
      </div>
    </>
  );
}
