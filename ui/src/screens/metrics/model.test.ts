import { describe, expect, it } from "vitest";
import type { MetricInfo, Series } from "@/api/reading";
import { curveOf, ema, entriesOf, entryAt, foundIn, joined, marksNear, moved, ordered, sourceOf, zoomed } from "./model";

const base = { name: "loss", runtime: false, gaps: [], attempts: [] };
const points = (step: number[], value: unknown[], gaps: unknown[] = []) =>
  ({ ...base, raw: step.length, points: { step, value }, gaps }) as unknown as Series;
const spike = {
  ...base,
  raw: 2_000,
  buckets: {
    step_first: [0, 1_000],
    step_last: [999, 1_999],
    first: [1, 1],
    last: [1, "NaN"],
    min: [1, 0.5],
    max: [900, 1],
    count: [1_000, 1_000],
    nan: [0, 2],
  },
} as unknown as Series;

describe("a series that becomes a curve", () => {
  it("keeps every value of points, and marks those that are no number", () => {
    const curve = curveOf(points([1, 2, 3], [0.5, "NaN", "Infinity"]));
    expect(curve.x).toEqual([1, 2, 3]);
    expect(curve.y).toEqual([0.5, null, null]);
    expect(curve.odd).toEqual([{ step: 2, what: "NaN" }, { step: 3, what: "Infinity" }]);
  });
  it("shows a spike of one step among a thousand, the first and the last point", () => {
    const curve = curveOf(spike);
    expect(Math.max(...curve.y.map((value) => value ?? 0))).toBe(900);
    expect(curve.x[0]).toBe(0);
    expect(curve.x.at(-1)).toBe(1_999);
    expect(curve.raw).toBe(2_000);
    expect(curve.odd).toEqual([{ step: 1_000, what: "2 not finite" }]);
  });
  it("has its steps in order, none twice", () => {
    const { x } = curveOf(spike);
    expect(x).toEqual([...new Set(x)].sort((a, b) => a - b));
  });
  it("is broken at a gap", () => {
    const curve = curveOf(points([1, 2, 50], [1, 2, 3], [[2, 50]]));
    expect(curve.y).toEqual([1, 2, null, 3]);
  });
  it("begins at the fork point", () => {
    expect(curveOf(points([1, 2, 3, 4], [1, 2, 3, 4]), 3).x).toEqual([3, 4]);
  });
  it("says nothing where nothing was measured", () => {
    expect(curveOf(points([], []))).toMatchObject({ x: [], y: [], odd: [] });
    expect(entriesOf({ ...base, raw: 0 } as unknown as Series)).toEqual([]);
  });
});

describe("the moving average", () => {
  it("stays at a constant from its first step on", () => {
    const curve = curveOf(points([1, 2, 3, 10], [5, 5, 5, 5]));
    for (const value of ema(curve, 10)) expect(value).toBeCloseTo(5, 10);
  });
  it("has half its way to a new level behind it after a half-life", () => {
    const steps = Array.from({ length: 2_001 }, (_, at) => at);
    const curve = curveOf(points(steps, steps.map((step) => (step <= 1_000 ? 0 : 1))));
    expect(ema(curve, 100)[1_100]).toBeCloseTo(0.5, 2);
  });
  it("keeps gaps, and without smoothing every value", () => {
    const curve = curveOf(points([1, 2, 3], [1, "NaN", 3]));
    expect(ema(curve, 5)[1]).toBeNull();
    expect(ema(curve, 0)).toBe(curve.y);
  });
});

describe("curves over each other", () => {
  it("stand on one axis, undefined where they have no point", () => {
    expect(joined([{ x: [1, 3], y: [10, null] }, { x: [2, 3], y: [20, 30] }])).toEqual([
      [1, 2, 3],
      [10, undefined, null],
      [undefined, 20, 30],
    ]);
  });
  it("are named by stage, or by run and stage", () => {
    expect(sourceOf("rl1", "here")).toEqual({ run: "here", stage: "rl1", key: "rl1" });
    expect(sourceOf("1m8c/rl1", "here")).toMatchObject({ run: "1m8c", stage: "rl1" });
    expect(sourceOf("sweep[a=x/y]", "here")).toMatchObject({ run: "here", stage: "sweep[a=x/y]" });
  });
});

describe("zooming", () => {
  it("keeps the place under the pointer, and gives up its range where all is in sight", () => {
    expect(zoomed([0, 100], [0, 100], 50, 0.5)).toEqual([25, 75]);
    expect(zoomed([25, 75], [0, 100], 50, 4)).toBeUndefined();
  });
  it("moves no further than the ends", () => {
    expect(moved([10, 30], [0, 100], -1)).toEqual([0, 20]);
    expect(moved([70, 90], [0, 100], 1)).toEqual([80, 100]);
  });
});

it("a step between two points is told of by the nearer one", () => {
  const entries = entriesOf(points([1, 10], [1, 2]));
  expect(entryAt(entries, 4)?.from).toBe(1);
  expect(entryAt(entries, 7)?.from).toBe(10);
  expect(entryAt([], 7)).toBeUndefined();
});

it("marks around a step are told, the nearest first and each once", () => {
  const marks = [{ step: 5, text: "far" }, { step: 10, text: "a" }, { step: 11, text: "b" }, { step: 10, text: "a" }, { step: 11, text: "" }];
  expect(marksNear(marks, 11, 1).map(({ text }) => text)).toEqual(["b", "a"]);
  expect(marksNear(marks, 8, 1)).toEqual([]);
});

it("what several sources measured spans the steps of all", () => {
  const info = (name: string, first: number, last: number) => ({ name, runtime: false, step_min: first, step_max: last }) as MetricInfo;
  const found = foundIn([[info("loss", 5, 9), info("own", 1, 2)], [info("loss", 2, 7)]]);
  expect(found.get("loss")?.steps).toEqual([2, 9]);
  expect([...found.keys()]).toEqual(["loss", "own"]);
});

it("declared metrics come first, results before measures of the machine", () => {
  const found = [
    { name: "zeta", runtime: false },
    { name: "seconds", runtime: true },
    { name: "loss", runtime: false },
    { name: "reward", runtime: false },
  ];
  expect(ordered(found, [{ name: "seconds" }, { name: "reward" }, { name: "loss" }])).toEqual({
    overview: ["reward", "loss", "seconds"],
    rest: ["zeta"],
  });
  expect(ordered(found, []).overview).toEqual(["loss", "reward", "zeta", "seconds"]);
});
