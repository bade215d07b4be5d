import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { taskNameQuery, timelineQuery } from "@/api/queries";
import { Button, Empty, Foreign, format, Loading, ProblemBox, StatusLabel, Table, Time, type Column } from "@/design";
import { readTimeline, type Bar, type TimelineModel } from "@/timeline/model";
import { TimelineLegend, TimelineView, type Domain } from "@/timeline/TimelineView";
import css from "./Run.module.css";
import { useRunDocuments, useRunId } from "./useRun";
import { useChooseStage } from "./useStage";

// When each attempt waited, came up and ran; a table of the same for those who want words.
export function TimelineTab() {
  const run = useRunId();
  const { structure } = useRunDocuments();
  const query = useQuery(timelineQuery(run));
  const { as, from, to, stage } = useSearch({ from: "/runs/$run/timeline" });
  const navigate = useNavigate({ from: "/runs/$run/timeline" });
  const choose = useChooseStage();
  const queries = useQueryClient();
  const model = useMemo(
    () => (query.data && structure ? readTimeline(query.data, structure) : undefined),
    [query.data, structure],
  );
  const domain = useMemo(
    () => (from !== undefined && to !== undefined && to > from ? { from, to } : undefined),
    [from, to],
  );
  const setDomain = useCallback(
    (next: Domain | undefined) =>
      void navigate({
        search: (before) => ({ ...before, from: next && Math.floor(next.from), to: next && Math.ceil(next.to) }),
        replace: true,
      }),
    [navigate],
  );

  if (query.error && !model) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (!model || !structure) return <Loading what="the timeline" lines={10} />;
  if (model.bars.length === 0) return <Empty title="Nothing has run yet">Reused results take no time.</Empty>;
  const open = (at: number) => {
    const row = model.rows[at];
    const shape = structure.stages[row?.stage ?? -1];
    if (!row || !shape) return;
    if (!shape.tasks) choose(shape.name);
    else void queries.fetchQuery(taskNameQuery(run, shape.name, row.task)).then(choose, () => choose(shape.name));
  };
  const chosen = model.rows.findIndex((row) => structure.stages[row.stage]?.name === stage);
  return (
    <>
      <div className={css.bars}>
        <Link to="/runs/$run/timeline" params={{ run }} search={(before) => ({ ...before, as: as ? undefined : "table" })}>
          {as === "table" ? "Show as timeline" : "Show as table"}
        </Link>
        {as !== "table" && <TimelineLegend />}
        {domain && (
          <Button kind="plain" onClick={() => setDomain(undefined)}>
            Show all
          </Button>
        )}
      </div>
      {as === "table" ? (
        <AttemptTable model={model} onOpen={open} />
      ) : (
        <TimelineView
          model={model}
          domain={domain}
          chosen={chosen < 0 ? undefined : chosen}
          onDomain={setDomain}
          onChoose={open}
        />
      )}
    </>
  );
}

function AttemptTable({ model, onOpen }: { model: TimelineModel; onOpen: (row: number) => void }) {
  const columns = useMemo((): Column<Bar>[] => {
    const name = (bar: Bar) => model.rows[bar.row]?.name ?? "";
    return [
      { id: "status", header: "Status", width: "8rem", cell: (bar) => <StatusLabel status={bar.status} /> },
      { id: "name", header: "Task", width: "minmax(8rem, 1fr)", cell: (bar) => <Foreign text={name(bar)} /> },
      { id: "attempt", header: "Attempt", width: "5rem", from: 44, end: true, cell: (bar) => bar.attempt },
      { id: "started", header: "Started", width: "7rem", from: 36, cell: (bar) => <Time at={bar.started} /> },
      {
        id: "waited",
        header: "Waited",
        width: "6.5rem",
        from: 50,
        end: true,
        cell: (bar) => format.duration(bar.created - bar.ready),
      },
      {
        id: "up",
        header: "Came up in",
        width: "6.5rem",
        from: 56,
        end: true,
        cell: (bar) => format.duration(bar.started - bar.created),
      },
      { id: "ran", header: "Ran", width: "6.5rem", end: true, cell: (bar) => format.duration(bar.finished - bar.started) },
      {
        id: "critical",
        header: "The end waited",
        width: "8rem",
        from: 62,
        cell: (bar) => model.critical.has(bar.row) && "yes",
      },
    ];
  }, [model]);
  return (
    <div className={css.fill}>
      <Table
        label="Attempts"
        columns={columns}
        rows={model.bars}
        rowKey={(bar) => `${bar.row} ${bar.attempt}`}
        onOpen={(bar) => onOpen(bar.row)}
      />
    </div>
  );
}
