// From the server's series to what a chart draws: pure functions.
import type { MetricInfo, Series } from "@/api/reading";

// A point with no finite value.
export interface Oddity {
  step: number;
  what: string; // "NaN", "Infinity", "3 not finite"
}

export interface Curve {
  x: number[]; // ascending, no two alike; a gap is a point without value
  y: (number | null)[];
  // Where values of the run itself stand: the first and last of each bucket, which smoothing reads.
  kept: boolean[];
  odd: Oddity[];
  raw: number;
}

// What a row of the table or the readout says: one point, or what became of many.
export interface Entry {
  from: number;
  to: number;
  first: number | string;
  last: number | string;
  min: number | null;
  max: number | null;
  count: number;
  odd: number;
}

type Value = number | string;

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function shown(value: unknown): Value {
  return typeof value === "number" || typeof value === "string" ? value : String(value);
}

// All that the series holds, in the order of steps.
export function entriesOf(series: Series): Entry[] {
  const { points, buckets } = series;
  if (points) {
    return (points.step ?? []).map((step, at) => {
      const value = shown(points.value?.[at]);
      const number = finite(value);
      return { from: step, to: step, first: value, last: value, min: number, max: number, count: 1, odd: number === null ? 1 : 0 };
    });
  }
  return (buckets?.step_first ?? []).map((from, at) => ({
    from,
    to: buckets?.step_last?.[at] ?? from,
    first: shown(buckets?.first?.[at]),
    last: shown(buckets?.last?.[at]),
    min: finite(buckets?.min?.[at]),
    max: finite(buckets?.max?.[at]),
    count: buckets?.count?.[at] ?? 0,
    odd: buckets?.nan?.[at] ?? 0,
  }));
}

// The points of one entry: first and last where they were, the extremes between them. A spike of a
// single step is one of the extremes, so it is seen at every zoom.
function draw(entry: Entry, curve: Curve): void {
  const add = (x: number, y: number | null, kept: boolean) => {
    curve.x.push(x);
    curve.y.push(y);
    curve.kept.push(kept);
  };
  const { from, to } = entry;
  add(from, finite(entry.first), true);
  if (to > from) {
    if (entry.count > 2 && entry.min !== null && entry.max !== null) {
      const third = (to - from) / 3;
      add(from + third, entry.min, false);
      add(to - third, entry.max, false);
    }
    add(to, finite(entry.last), true);
  }
  if (entry.odd > 0) {
    const alone = entry.count === 1 && typeof entry.first === "string";
    curve.odd.push({ step: from, what: alone ? String(entry.first) : `${entry.odd} not finite` });
  }
}

// `after`: a fork's curve begins behind the step that it forked at.
export function curveOf(series: Series, after = -Infinity): Curve {
  const curve: Curve = { x: [], y: [], kept: [], odd: [], raw: series.raw };
  const gaps = (series.gaps ?? []) as unknown as [number, number][];
  let gap = 0;
  for (const entry of entriesOf(series)) {
    if (entry.from < after) continue;
    while (gap < gaps.length && (gaps[gap]?.[1] ?? 0) <= entry.from) {
      const [before, next] = gaps[gap] ?? [0, 0];
      ++gap;
      const last = curve.x.at(-1);
      const middle = (before + next) / 2;
      if (last === undefined || middle <= last || middle >= entry.from) continue;
      curve.x.push(middle);
      curve.y.push(null);
      curve.kept.push(true);
    }
    draw(entry, curve);
  }
  return curve;
}

// Exponential moving average by steps, so that it looks alike at every zoom: what lies `halfLife`
// steps back counts half. Begins without a bias towards zero; a gap stays one.
export function ema(curve: Curve, halfLife: number): (number | null)[] {
  if (halfLife <= 0) return curve.y;
  let sum = 0;
  let weight = 0;
  let before: number | undefined;
  return curve.y.map((value, at) => {
    if (value === null) return null;
    if (!curve.kept[at]) return weight > 0 ? sum / weight : value;
    const step = curve.x[at] ?? 0;
    const keep = before === undefined ? 0 : 0.5 ** ((step - before) / halfLife);
    const share = before === undefined ? 1 - 0.5 ** (1 / halfLife) : 1 - keep;
    before = step;
    sum = sum * keep + value * share;
    weight = weight * keep + share;
    return sum / weight;
  });
}

// Curves on one x axis, as uPlot wants them: null where a curve is broken, undefined where it has no
// point of its own.
export function joined(curves: { x: readonly number[]; y: readonly (number | null)[] }[]): [number[], ...(number | null | undefined)[][]] {
  const steps = [...new Set(curves.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const place = new Map(steps.map((step, at) => [step, at]));
  const columns = curves.map(({ x, y }) => {
    const column = new Array<number | null | undefined>(steps.length).fill(undefined);
    x.forEach((step, at) => (column[place.get(step) ?? 0] = y[at] ?? null));
    return column;
  });
  return [steps, ...columns];
}

// The entry that stands at the step, or the nearest one.
export function entryAt(entries: readonly Entry[], step: number): Entry | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.to ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  const after = entries[low];
  const before = entries[low - 1];
  if (!after || !before) return after ?? before;
  return after.from - step <= step - before.to ? after : before;
}

// The marks around a step, the nearest first; of those that say the same, one.
export function marksNear<M extends { step: number; text: string }>(marks: readonly M[], step: number, reach: number): M[] {
  const near = marks
    .filter((mark) => mark.text !== "" && Math.abs(mark.step - step) <= reach)
    .sort((a, b) => Math.abs(a.step - step) - Math.abs(b.step - step));
  return near.filter((mark, at) => near.findIndex((other) => other.text === mark.text) === at).slice(0, 3);
}

// What lies between, once zoomed by `factor` around a place; undefined: all of it.
export function zoomed(range: readonly [number, number], all: readonly [number, number], around: number, factor: number): [number, number] | undefined {
  const span = Math.max(1, (range[1] - range[0]) * factor);
  const share = (around - range[0]) / (range[1] - range[0] || 1);
  const from = Math.max(all[0], around - span * share);
  const to = Math.min(all[1], from + span);
  if (from <= all[0] && to >= all[1]) return undefined;
  return [Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to))];
}

export function moved(range: readonly [number, number], all: readonly [number, number], share: number): [number, number] {
  const span = range[1] - range[0];
  const from = Math.min(Math.max(all[0], Math.round(range[0] + span * share)), Math.max(all[0], all[1] - span));
  return [from, from + span];
}

export interface Found {
  name: string;
  runtime: boolean;
  steps: readonly [number, number]; // of all sources
}

// What the sources measured, by name.
export function foundIn(lists: readonly (readonly MetricInfo[])[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const { name, runtime, step_min: first, step_max: last } of lists.flat()) {
    const known = found.get(name);
    const steps = known ? ([Math.min(known.steps[0], first), Math.max(known.steps[1], last)] as const) : ([first, last] as const);
    found.set(name, { name, runtime: known?.runtime ?? runtime, steps });
  }
  return found;
}

// Metrics in the order in which somebody should see them: those that the stage type declares, results
// before measures of the machine, then the rest by name.
export function ordered(
  found: readonly { name: string; runtime: boolean }[],
  declared: readonly { name: string }[],
): { overview: string[]; rest: string[] } {
  const place = new Map(declared.map(({ name }, at) => [name, at]));
  const sorted = [...found].sort(
    (a, b) =>
      Number(a.runtime) - Number(b.runtime) ||
      (place.get(a.name) ?? Infinity) - (place.get(b.name) ?? Infinity) ||
      a.name.localeCompare(b.name),
  );
  const names = sorted.map(({ name }) => name);
  const overview = names.filter((name) => place.has(name));
  if (overview.length === 0) return { overview: names.slice(0, 12), rest: names.slice(12) };
  return { overview, rest: names.filter((name) => !place.has(name)) };
}

// A curve's source in the URL: "STAGE" of the run that is shown, or "RUN/STAGE".
export interface Source {
  run: string;
  stage: string;
  key: string;
}

export function sourceOf(text: string, run: string): Source {
  const slash = text.indexOf("/");
  const bracket = text.indexOf("[");
  if (slash <= 0 || (bracket >= 0 && bracket < slash)) return { run, stage: text, key: text };
  return { run: text.slice(0, slash), stage: text.slice(slash + 1), key: text };
}
