import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { rolloutSearchQuery, rolloutsQuery, rolloutStepsQuery, type RolloutRow, type RolloutSort, type TaskPath } from "@/api/reading";
import { rolloutFilter, type RolloutsSearch } from "@/app/readingSearch";
import { Empty, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import css from "../run/Run.module.css";
import { StagePicker } from "../run/StagePicker";
import { Reused } from "../run/Toggle";
import { useRunId } from "../run/useRun";
import { Filters } from "./Filters";
import { notesOf } from "./group";
import { Hits } from "./Hits";
import own from "./Rollouts.module.css";
import { StepStrip } from "./StepStrip";
import { useRolloutStages } from "./useRolloutStages";

const mostSteps = 2_000;
const number = (value: number | null) => (value === null ? "–" : format.number(value));

function columnsOf(sort: RolloutSort | undefined, onSort: (sort: RolloutSort | undefined) => void): Column<RolloutRow>[] {
  const sorted = (name: "step" | "reward" | "advantage" | "tokens" | "entropy" | "error", title: string) => {
    const down: RolloutSort = `-${name}`;
    const next = sort === down ? name : sort === name ? undefined : down;
    return (
      <button type="button" className={own.sort} onClick={() => onSort(next)}>
        {title}
        <span aria-hidden="true">{sort === down ? " ↓" : sort === name ? " ↑" : ""}</span>
        <span className="visually-hidden">{sort === down ? ", largest first" : sort === name ? ", smallest first" : ", sort"}</span>
      </button>
    );
  };
  return [
    { id: "step", header: sorted("step", "Step"), width: "4.5rem", end: true, cell: (row) => row.step },
    { id: "task", header: "Task", width: "6.5rem", from: 52, cell: (row) => <Foreign text={row.task} /> },
    { id: "sample", header: "Sample", width: "minmax(6rem, 1.2fr)", from: 32, cell: (row) => <Foreign text={row.sample} /> },
    { id: "index", header: "No.", width: "3.25rem", end: true, from: 44, cell: (row) => row.index },
    { id: "reward", header: sorted("reward", "Reward"), width: "6rem", end: true, cell: (row) => number(row.reward) },
    { id: "advantage", header: sorted("advantage", "Advantage"), width: "7rem", end: true, from: 30, cell: (row) => number(row.advantage) },
    { id: "tokens", header: sorted("tokens", "Tokens"), width: "5.5rem", end: true, from: 38, cell: (row) => row.tokens.toLocaleString("en") },
    { id: "entropy", header: sorted("entropy", "Entropy"), width: "6rem", end: true, from: 60, cell: (row) => number(row.entropy) },
    {
      id: "flags",
      header: sorted("error", "Notes"),
      width: "9rem",
      from: 68,
      cell: (row) => notesOf(row).join(", "),
    },
    { id: "preview", header: "Response", width: "minmax(6rem, 2fr)", cell: (row) => <Foreign text={row.preview ?? ""} /> },
  ];
}

// Rollouts of a training: over steps, then one by one.
export function RolloutsTab() {
  const run = useRunId();
  const search = useSearch({ from: "/runs/$run/rollouts" });
  const navigate = useNavigate({ from: "/runs/$run/rollouts" });
  const { stages, pending } = useRolloutStages(run);
  const of = search.of ?? (search.stage && stages.includes(search.stage) ? search.stage : stages[0]);
  const change = useCallback(
    (next: Partial<RolloutsSearch>) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  if (of === undefined) {
    return pending ? <Loading what="rollouts" lines={12} /> : <Empty title="No stage of this run has rollouts">Stages that train with reinforcement learning record them.</Empty>;
  }
  return (
    <>
      <div className={bars.bars}>
        <StagePicker label="Stage" stages={stages} stage={of} onStage={(stage) => change({ of: stage })} />
        <Finder label="Search responses" value={search.q ?? ""} onSearch={(q) => change({ q: q || undefined })} />
        <Filters search={search} onChange={change} />
      </div>
      <Listed key={of} task={run} of={of} search={search} onChange={change} />
    </>
  );
}

interface ListedProps {
  task: string;
  of: string;
  search: RolloutsSearch;
  onChange: (next: Partial<RolloutsSearch>) => void;
}

function Listed({ task: run, of, search, onChange }: ListedProps) {
  const task = useMemo<TaskPath>(() => ({ run, stage: of }), [run, of]);
  const steps = useQuery(rolloutStepsQuery(task, mostSteps));
  const text = JSON.stringify(rolloutFilter(search));
  const filter = useMemo(() => JSON.parse(text) as ReturnType<typeof rolloutFilter>, [text]);
  const searching = search.q !== undefined;
  const list = useInfiniteQuery({ ...rolloutsQuery(task, filter, search.sort), enabled: !searching });
  const hits = useInfiniteQuery(rolloutSearchQuery(task, filter, search.q ?? ""));
  const navigate = useNavigate();
  const columns = useMemo(() => columnsOf(search.sort, (sort) => onChange({ sort })), [search.sort, onChange]);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.rollouts ?? []) ?? [], [list.data]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback(
    (row: RolloutRow) =>
      void navigate({ to: "/runs/$run/rollouts/group", params: { run }, search: { of, step: row.step, sample: row.sample } }),
    [navigate, run, of],
  );
  const notes = [...new Set([...(list.data?.pages[0]?.notes ?? []), ...(steps.data?.notes ?? [])])];
  const problem = [list, steps, hits].find((query) => query.error && !query.data)?.error;
  if (problem) return <ProblemBox problem={problemText(problem)} retry={() => void list.refetch()} />;
  return (
    <>
      <Reused from={steps.data?.reused_from} />
      {notes.map((note) => (
        <p key={note} className={bars.note}>
          <Foreign text={note} />
        </p>
      ))}
      <StepStrip
        steps={steps.data?.steps ?? []}
        total={steps.data?.rollouts}
        from={search.step_min}
        to={search.step_max}
        onSteps={(from, to) => onChange({ step_min: from, step_max: to })}
      />
      <div className={css.fill}>
        {searching && <Hits run={run} of={of} query={hits} />}
        {!searching && list.isPending && <Loading what="rollouts" lines={12} />}
        {!searching && list.isSuccess && rows.length === 0 && (
          <Empty title="No rollout matches">
            <Link to="/runs/$run/rollouts" params={{ run }} search={{ of }}>
              Show all
            </Link>
          </Empty>
        )}
        {!searching && rows.length > 0 && (
          <Table label="Rollouts" columns={columns} rows={rows} rowKey={(row) => String(row.row)} onOpen={open} onEnd={more} />
        )}
      </div>
    </>
  );
}
