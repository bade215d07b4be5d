// The picture above the list of runs: when each ran, and one number of each. Pure; it is made of the rows
// that the list holds.
import type { RunRow } from "@/api/types";
import { format } from "@/design";
import { foldedScale, ticks, type Scale } from "@/timeline/scale";

// Of the newest runs, so many.
export const mostRuns = 200;

export interface Measure {
  id: string; // in the URL
  label: string;
  value: (row: RunRow, now: number) => number | undefined;
  words: (value: number) => string;
}

const moved = new Set(["running", "paused", "waiting"]);

export function beginOf(row: RunRow): number {
  return Date.parse(row.started_at ?? row.created_at);
}

// When an interrupted run was cut off nobody knows: it has a beginning alone.
export function endOf(row: RunRow, now: number): number {
  if (row.finished_at) return Date.parse(row.finished_at);
  return moved.has(row.status) ? Math.max(now, beginOf(row)) : beginOf(row);
}

const duration: Measure = {
  id: "duration",
  label: "Duration",
  value: (row, now) => (row.started_at && (row.finished_at || moved.has(row.status)) ? endOf(row, now) - beginOf(row) : undefined),
  words: format.duration,
};
const gpuHours: Measure = {
  id: "gpu_hours",
  label: "GPU-hours",
  value: (row) => (row.gpu_seconds === undefined ? undefined : row.gpu_seconds / 3600),
  words: (value) => `${format.number(value)} GPU-h`,
};
const mostOutcomes = 12;

// What can be shown of these runs: their duration, and what some of them tell beside it; what most of
// them tell comes first.
export function measuresOf(rows: readonly RunRow[]): Measure[] {
  const told = new Map<string, number>();
  for (const row of rows) for (const name of Object.keys(row.outcome ?? {})) told.set(name, (told.get(name) ?? 0) + 1);
  const outcomes = [...told]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, mostOutcomes)
    .map(([name]): Measure => ({
      id: `outcome.${name}`,
      label: name,
      value: (row) => row.outcome?.[name],
      words: format.number,
    }));
  return [duration, ...(rows.some((row) => row.gpu_seconds) ? [gpuHours] : []), ...outcomes];
}

export interface Mark {
  row: RunRow;
  x: number; // px, where it began
  width: number;
  lane: number;
  y: number | undefined; // px of its value; undefined: it has none
  value: number | undefined;
}

export interface Tick {
  at: number; // px
  words: string;
}

export interface Overview {
  marks: Mark[]; // oldest first
  scale: Scale;
  times: Tick[];
  values: Tick[];
}

export interface Frame {
  width: number; // px
  height: number; // of the values
  lanes: number;
}

export function overviewOf(rows: readonly RunRow[], measure: Measure, frame: Frame, now: number): Overview {
  const shown = rows.slice(0, mostRuns).reverse();
  const busy = shown.map((row) => ({ from: beginOf(row), to: endOf(row, now) }));
  const from = busy.reduce((least, { from }) => Math.min(least, from), Infinity);
  const to = busy.reduce((most, { to }) => Math.max(most, to), -Infinity);
  const scale = foldedScale(busy, shown.length > 0 ? { from, to: Math.max(to, from + 1) } : { from: 0, to: 1 }, frame.width);
  const values = shown.map((row) => measure.value(row, now)).map((value) => (Number.isFinite(value) ? value : undefined));
  const { y, ticks: valueTicks } = valueScale(values.filter((value) => value !== undefined), frame.height, measure);
  const lanes = lanesOf(busy.map(({ from, to }) => [scale.x(from), Math.max(scale.x(from) + leastBar, scale.x(to))]), frame.lanes);
  return {
    scale,
    times: timeTicks(scale, from, to),
    values: valueTicks,
    marks: shown.map((row, at) => {
      const value = values[at];
      const x = scale.x(busy[at]?.from ?? 0);
      return {
        row,
        x,
        width: Math.max(leastBar, scale.x(busy[at]?.to ?? 0) - x),
        lane: lanes[at] ?? 0,
        y: value === undefined ? undefined : y(value),
        value,
      };
    }),
  };
}

const leastBar = 3;

// A lane for each span, so that no two of a lane overlap; with too few lanes the last one takes the rest.
export function lanesOf(spans: readonly (readonly [number, number])[], most: number): number[] {
  const ends: number[] = [];
  return spans.map(([from, to]) => {
    const free = ends.findIndex((end) => end < from);
    const lane = free >= 0 ? free : Math.min(ends.length, most - 1);
    ends[lane] = Math.max(to, free >= 0 ? 0 : (ends[lane] ?? 0));
    return lane;
  });
}

// Powers of ten apart need a logarithm; otherwise from the least to the most, or from zero where that is near.
function valueScale(values: readonly number[], height: number, measure: Measure) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  if (values.length === 0) return { y: () => height / 2, ticks: [] as Tick[] };
  const pad = 6;
  const wide = least > 0 && most / least > 50;
  const low = wide ? Math.log(least) : least >= 0 && least < most / 2 ? 0 : least;
  const high = wide ? Math.log(most) : most;
  const y = (value: number) => {
    const part = high > low ? ((wide ? Math.log(value) : value) - low) / (high - low) : 0.5;
    return pad + (1 - part) * (height - 2 * pad);
  };
  const marks = high > low ? [low, (low + high) / 2, high] : [high];
  return { y, ticks: marks.map((mark) => (wide ? Math.exp(mark) : mark)).map((value): Tick => ({ at: y(value), words: measure.words(value) })) };
}

const day = 86_400_000;

// Clock times where all is of a day or so, dates otherwise.
function timeTicks(scale: Scale, from: number, to: number): Tick[] {
  if (!Number.isFinite(from)) return [];
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const dated = to - midnight > 1.5 * day;
  return ticks(scale, midnight, dated ? 96 : 64)
    .filter((tick) => tick.room > (dated ? 70 : 34) && tick.x < scale.width - (dated ? 70 : 34))
    .map((tick) => ({ at: tick.x, words: dated ? format.exact(tick.at).slice(5, 16) : format.clock(tick.at).slice(0, 5) }));
}

// However small a mark is, so near a pointer hits it.
const reach = 12;

// The run at a place: the bar or point that is nearest. `laneTop` and `laneHeight`: of the lanes below.
export function markAt(marks: readonly Mark[], x: number, y: number, laneTop: number, laneHeight: number): Mark | undefined {
  let best: Mark | undefined;
  let nearest = reach + 0.01;
  for (const mark of marks) {
    const beside = Math.max(mark.x - x, x - mark.x - mark.width, 0);
    const middle = laneTop + (mark.lane + 0.5) * laneHeight;
    const bar = Math.hypot(beside, Math.max(0, Math.abs(y - middle) - laneHeight / 2));
    const point = mark.y === undefined ? Infinity : Math.hypot(x - mark.x, y - mark.y);
    const distance = Math.min(bar, point);
    if (distance < nearest) {
      nearest = distance;
      best = mark;
    }
  }
  return best;
}
