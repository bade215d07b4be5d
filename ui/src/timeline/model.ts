// The timeline of a run out of the server's columns, as pure functions.
import { statusOfLetter } from "@/api/states";
import type { Structure, Timeline } from "@/api/types";
import type { Status } from "@/design";

// An attempt. Times in ms since 1970. It waits from ready to created (for room, or for the end of a
// backoff), its host comes up until started, it is at work until finished.
export interface Bar {
  row: number;
  attempt: number;
  status: Status;
  ready: number;
  created: number;
  started: number;
  finished: number;
  open: boolean; // it goes on: finished is now
}

export interface Row {
  key: string;
  stage: number;
  task: number;
  name: string;
  bars: Bar[];
}

export interface TimelineModel {
  rows: Row[];
  bars: Bar[];
  from: number;
  to: number;
  critical: ReadonlySet<number>; // rows
}

// A task's name as the drawer asks for it is known to the server alone where there are several: its
// number stands for it.
function nameOf(structure: Structure, stage: number, task: number): string {
  const shape = structure.stages[stage];
  const name = shape?.name ?? `stage ${stage}`;
  return shape?.tasks ? `${name} #${task + 1}` : name;
}

export function readTimeline(columns: Timeline, structure: Structure): TimelineModel {
  const rows = new Map<string, Row>();
  (columns.stage ?? []).forEach((stage, at) => {
    const task = columns.task?.[at] ?? 0;
    const key = `${stage}:${task}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { key, stage, task, name: nameOf(structure, stage, task), bars: [] }));
    row.bars.push(barAt(columns, at));
  });
  const sorted = [...rows.values()].sort(
    (a, b) => (a.bars[0]?.ready ?? 0) - (b.bars[0]?.ready ?? 0) || a.stage - b.stage || a.task - b.task,
  );
  sorted.forEach((row, at) => row.bars.forEach((bar) => void (bar.row = at)));
  const bars = sorted.flatMap((row) => row.bars);
  let from = Infinity;
  let to = -Infinity;
  for (const bar of bars) {
    from = Math.min(from, bar.ready);
    to = Math.max(to, bar.finished);
  }
  return { rows: sorted, bars, from, to, critical: criticalRows(sorted, structure) };
}

function barAt(columns: Timeline, at: number): Bar {
  const status = statusOfLetter(columns.states[at]);
  const known = [columns.ready?.[at], columns.created?.[at], columns.started?.[at], columns.finished?.[at]];
  const end = known[3] || columns.now;
  // What is not there yet is where the next thing is.
  const started = known[2] || end;
  const created = known[1] || started;
  const ready = Math.min(known[0] || created, created);
  return {
    row: 0,
    attempt: columns.attempt?.[at] ?? 1,
    status,
    ready,
    created,
    started: Math.max(created, started),
    finished: Math.max(end, started),
    open: !known[3],
  };
}

// The chain of tasks that the run's end waited for: from the last one back to the one, among those it
// needed, that ended last.
export function criticalRows(rows: readonly Row[], structure: Structure): Set<number> {
  const lastOfStage = new Map<number, { row: number; end: number }>();
  rows.forEach((row, at) => {
    const end = row.bars.at(-1)?.finished ?? 0;
    if (end > (lastOfStage.get(row.stage)?.end ?? -1)) lastOfStage.set(row.stage, { row: at, end });
  });
  const latest = (stages: Iterable<number>) => {
    let best: { row: number; end: number } | undefined;
    for (const stage of stages) {
      const one = lastOfStage.get(stage);
      if (one && one.end > (best?.end ?? -1)) best = one;
    }
    return best;
  };
  const found = new Set<number>();
  let at = latest(lastOfStage.keys());
  while (at && !found.has(at.row)) {
    found.add(at.row);
    at = latest(structure.stages[rows[at.row]?.stage ?? 0]?.needs ?? []);
  }
  return found;
}

export interface Step {
  at: number;
  running: number; // from here on
}

// The first attempt of a task waits for room, a later one for the end of its backoff as well.
export function waitOf(bar: Pick<Bar, "attempt">): "queued" | "backoff" {
  return bar.attempt > 1 ? "backoff" : "queued";
}

// How many attempts are at work over time.
export function concurrency(bars: readonly Bar[]): Step[] {
  const changes = bars
    .filter((bar) => bar.finished > bar.started)
    .flatMap((bar) => [
      { at: bar.started, by: 1 },
      { at: bar.finished, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  const steps: Step[] = [];
  let running = 0;
  for (const { at, by } of changes) {
    running += by;
    const last = steps.at(-1);
    if (last?.at === at) last.running = running;
    else steps.push({ at, running });
  }
  return steps;
}

// The steps as pixels: the most that ran in each column, so that drawing costs what is seen and not what
// happened.
export function columnsOf(steps: readonly Step[], x: (time: number) => number, width: number): Uint32Array {
  const columns = new Uint32Array(Math.max(1, Math.ceil(width) + 1));
  const last = columns.length - 1;
  steps.forEach((step, at) => {
    const next = steps[at + 1];
    const from = Math.min(last, Math.max(0, Math.floor(x(step.at))));
    const to = next ? Math.min(last, Math.max(from, Math.floor(x(next.at)))) : from;
    for (let column = from; column <= to; ++column) columns[column] = Math.max(columns[column] ?? 0, step.running);
  });
  return columns;
}
