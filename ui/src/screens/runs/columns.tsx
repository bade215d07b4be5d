import { Link } from "@tanstack/react-router";
import type { RunRow, TaskCounts } from "@/api/types";
import { Duration, Foreign, format, IconButton, StatusBar, StatusLabel, statuses, Time, type Column, type Counts } from "@/design";
import css from "./Runs.module.css";

// Rows of runs that ended before the server counted by status say how many succeeded alone.
export function countsOf({ total, succeeded, by_status: known }: TaskCounts): Counts {
  if (!known) return { succeeded, pending: total - succeeded };
  return Object.fromEntries(statuses.map((status) => [status, known[status] ?? 0]));
}

// Stages by state; of runs that ended before the server counted them, tasks.
function Histogram({ row }: { row: RunRow }) {
  const stages = row.stages_by_status ?? {};
  if (Object.keys(stages).length === 0) return <StatusBar counts={countsOf(row.stages)} label="Tasks" />;
  return <StatusBar counts={stages} label="Stages" />;
}

export function runColumns(
  picked: readonly string[],
  toggle: (id: string) => void,
  act: (row: RunRow, button: HTMLElement) => void,
): Column<RunRow>[] {
  return [
    {
      id: "pick",
      header: <span className="visually-hidden">Compare</span>,
      width: "2.5rem",
      from: 36,
      cell: (row) => (
        <input
          type="checkbox"
          aria-label={`Compare ${row.name} ${row.id}`}
          checked={picked.includes(row.id)}
          onChange={() => toggle(row.id)}
        />
      ),
    },
    { id: "status", header: "Status", width: "7.5rem", cell: (row) => <StatusLabel status={row.status} /> },
    {
      id: "name",
      header: "Run",
      width: "minmax(7rem, 1.4fr)",
      cell: (row) => (
        <Link className={css.name} to="/runs/$run/graph" params={{ run: row.id }}>
          <Foreign text={row.name} />
        </Link>
      ),
    },
    {
      id: "id",
      header: "Id",
      width: "8.5rem",
      from: 56,
      cell: (row) => <code>{row.id}</code>,
    },
    {
      id: "progress",
      header: "Stages, tasks",
      width: "minmax(10rem, 1fr)",
      from: 36,
      cell: (row) => (
        <span className={css.progress}>
          <Histogram row={row} />
          <span title={row.reused ? `${row.reused.toLocaleString("en")} of them reused` : undefined}>
            {row.stages.succeeded.toLocaleString("en")}/{row.stages.total.toLocaleString("en")}
            {row.reused ? <span className="muted"> · {row.reused.toLocaleString("en")} reused</span> : null}
          </span>
        </span>
      ),
    },
    {
      id: "created",
      header: "Created",
      width: "6.5rem",
      from: 25,
      cell: (row) => <Time at={row.created_at} />,
    },
    {
      id: "duration",
      header: "Duration",
      width: "6.5rem",
      from: 44,
      end: true,
      // An interrupted run has no end, and does not go on.
      cell: (row) => (
        <Duration from={row.status === "interrupted" ? null : row.started_at} to={row.finished_at} />
      ),
    },
    {
      id: "gpu",
      header: "GPU-hours",
      width: "6rem",
      from: 80,
      end: true,
      cell: (row) => (row.gpu_seconds ? format.number(row.gpu_seconds / 3600) : <span className="muted">–</span>),
    },
    {
      id: "labels",
      header: "Labels",
      width: "minmax(6rem, 1fr)",
      from: 72,
      cell: (row) =>
        Object.entries(row.labels ?? {}).map(([key, value]) => (
          <span key={key} className={css.label}>
            <Foreign text={`${key}=${value}`} />
          </span>
        )),
    },
    {
      id: "actions",
      header: <span className="visually-hidden">Actions</span>,
      width: "3.25rem",
      cell: (row) => (
        <IconButton
          icon="more"
          label={`Actions of ${row.name} ${row.id}`}
          aria-haspopup="menu"
          onClick={(event) => act(row, event.currentTarget)}
        />
      ),
    },
  ];
}
