// Where numbers stand on a drawn axis.
export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];

// An axis that holds all values, between round ends, with at most `most` ticks.
export function axisOf(values: readonly number[], most = 6): Axis {
  const finite = values.filter(Number.isFinite);
  const low = finite.length > 0 ? Math.min(...finite) : 0;
  const high = finite.length > 0 ? Math.max(...finite) : 1;
  const wide = steps.find((step) => (high - low) / step <= most - 2 + 1e-9) ?? Math.max(0.5, high - low);
  // Of a multiple of a step, floating point makes a little less or more.
  const begin = Math.floor(low / wide + 1e-9);
  const end = Math.max(Math.ceil(high / wide - 1e-9), begin + 1);
  const ticks = Array.from({ length: end - begin + 1 }, (_, at) => (begin + at) * wide);
  return { from: begin * wide, to: end * wide, ticks };
}

// The same with 0 in its middle.
export function evenAxis(values: readonly number[]): Axis {
  const most = Math.max(0.01, ...values.filter(Number.isFinite).map(Math.abs));
  const wide = steps.find((step) => most / step <= 3 + 1e-9) ?? most / 2;
  const half = Math.max(1, Math.ceil(most / wide - 1e-9));
  return { from: -half * wide, to: half * wide, ticks: Array.from({ length: 2 * half + 1 }, (_, at) => (at - half) * wide) };
}

// From 0 to 1 along the axis, held within it.
export function along({ from, to }: Axis, value: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}
