import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { tasksQuery } from "@/api/queries";
import { statusOfLetter, type RunStates } from "@/api/states";
import type { TaskRow } from "@/api/types";
import { useKey } from "@/app/keys";
import { Duration, Empty, Foreign, Loading, ProblemBox, SearchBox, StatusLabel, Table, Time, type Column, type Counts, type Status } from "@/design";
import css from "./Run.module.css";
import { StatusFilter } from "./StatusFilter";
import { useRunDocuments, useRunId } from "./useRun";
import { useChooseStage } from "./useStage";

interface Row {
  task: TaskRow;
  status: Status; // of the moment
}

const columns: Column<Row>[] = [
  { id: "status", header: "Status", width: "8rem", cell: ({ status }) => <StatusLabel status={status} /> },
  { id: "name", header: "Task", width: "minmax(9rem, 2fr)", cell: ({ task }) => <Foreign text={task.name} /> },
  { id: "attempts", header: "Attempts", width: "5.5rem", from: 44, end: true, cell: ({ task }) => task.attempts },
  { id: "started", header: "Started", width: "7rem", from: 30, cell: ({ task }) => <Time at={task.started_at} /> },
  {
    id: "took",
    header: "Took",
    width: "7rem",
    from: 26,
    end: true,
    cell: ({ task, status }) => (
      <Duration from={status === "running" || task.finished_at ? task.started_at : null} to={task.finished_at} />
    ),
  },
  {
    id: "error",
    header: "Error",
    width: "minmax(8rem, 2fr)",
    from: 56,
    cell: ({ task }) => task.error && <Foreign text={`${task.error.cause}: ${task.error.message}`} />,
  },
];

// As the server tells tasks apart: a reused one has succeeded.
function filterCounts({ cached = 0, succeeded = 0, ...rest }: Counts): Counts {
  return { ...rest, succeeded: succeeded + cached };
}

function statusNow(task: TaskRow, states: RunStates | undefined): Status {
  const stage = states?.stages[task.stage];
  if (!stage) return task.cached ? "cached" : (task.status as Status);
  return stage.letters === "" ? stage.status : statusOfLetter(stage.letters[task.task]);
}

// Every task of the run. Rows keep up with the states that stream in; the rest of a row follows.
export function TasksTab() {
  const run = useRunId();
  const { states } = useRunDocuments();
  const { status, q, stage } = useSearch({ from: "/runs/$run/tasks" });
  const navigate = useNavigate({ from: "/runs/$run/tasks" });
  const choose = useChooseStage();
  const query = useInfiniteQuery(tasksQuery(run, { status, q }));
  const rows = useRows(query.data?.pages, states);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const search = useCallback(
    (next: { status?: string | undefined; q?: string | undefined }) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const open = useCallback((row: Row) => choose(row.task.name), [choose]);
  return (
    <>
      <div className={css.bars}>
        <TaskSearch value={q ?? ""} onSearch={(text) => search({ q: text || undefined })} />
        <StatusFilter counts={filterCounts(states?.counts ?? {})} status={status} onStatus={(next) => search({ status: next })} />
      </div>
      <div className={css.fill}>
        {query.error && !query.data && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="tasks" lines={12} />}
        {query.isSuccess && rows.length === 0 && <Empty title="No task matches" />}
        {rows.length > 0 && (
          <Table
            label="Tasks"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.task.name}
            count={status || q ? undefined : states?.total}
            chosen={stage}
            onOpen={open}
            onEnd={more}
          />
        )}
      </div>
    </>
  );
}

// A row stays the same object as long as task and status do.
function useRows(pages: readonly { tasks: TaskRow[] }[] | undefined, states: RunStates | undefined): Row[] {
  const [memory] = useState(() => new WeakMap<TaskRow, Row>());
  return useMemo(
    () =>
      (pages ?? []).flatMap((page) =>
        page.tasks.map((task) => {
          const status = statusNow(task, states);
          const old = memory.get(task);
          if (old?.status === status) return old;
          const row = { task, status };
          memory.set(task, row);
          return row;
        }),
      ),
    [pages, states, memory],
  );
}

function TaskSearch({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [typed, setTyped] = useState(value);
  useKey("/", "Search", () => input.current?.select());
  return (
    <SearchBox
      ref={input}
      label="Search tasks"
      value={typed}
      onChange={(event) => {
        const text = event.target.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onSearch(text), 250);
      }}
    />
  );
}
