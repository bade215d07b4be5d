import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { eventsQuery } from "@/api/queries";
import type { JournalEvent } from "@/api/types";
import { Empty, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import css from "./Run.module.css";
import { useRunId } from "./useRun";
import { useChooseStage } from "./useStage";

const shownApart = new Set(["sequence", "time", "run", "type", "stage", "task"]);

// What an event says beside its own columns, in one line.
function rest(event: JournalEvent): string {
  return Object.entries(event)
    .filter(([name]) => !shownApart.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ");
}

const columns: Column<JournalEvent>[] = [
  { id: "sequence", header: "No.", width: "5.5rem", end: true, from: 44, cell: (event) => event.sequence },
  {
    id: "time",
    header: "Time",
    width: "7.5rem",
    cell: (event) => (
      <time dateTime={event.time} title={format.exact(Date.parse(event.time))}>
        {format.exact(Date.parse(event.time)).slice(11, 23)}
      </time>
    ),
  },
  { id: "type", header: "Event", width: "11rem", cell: (event) => event.type.replaceAll("_", " ") },
  {
    id: "stage",
    header: "Task",
    width: "minmax(7rem, 1fr)",
    from: 30,
    cell: (event) => (event.task ?? event.stage) && <Foreign text={event.task ?? event.stage ?? ""} />,
  },
  {
    id: "rest",
    header: "Says",
    width: "minmax(10rem, 3fr)",
    from: 44,
    cell: (event) => <span className={css.code}><Foreign text={rest(event)} /></span>,
  },
];

// The run's journal, oldest first.
export function EventsTab() {
  const run = useRunId();
  const query = useInfiniteQuery(eventsQuery(run));
  const choose = useChooseStage();
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.events) ?? [], [query.data]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback(
    (event: JournalEvent) => {
      const about = event.task ?? event.stage;
      if (about) choose(about);
    },
    [choose],
  );
  if (query.error && !query.data) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="events" lines={12} />;
  if (rows.length === 0) return <Empty title="Nothing has happened yet" />;
  return (
    <div className={css.fill}>
      <Table
        label="Events, oldest first"
        columns={columns}
        rows={rows}
        rowKey={(event) => String(event.sequence)}
        onOpen={open}
        onEnd={more}
      />
    </div>
  );
}
