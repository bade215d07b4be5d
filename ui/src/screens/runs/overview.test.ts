import { describe, expect, it } from "vitest";
import type { RunRow } from "@/api/types";
import { lanesOf, markAt, measuresOf, mostRuns, overviewOf } from "./overview";

const noon = Date.parse("2026-11-26T12:00:00Z");
const minute = 60_000;

function run(id: string, begin: number, end: number | null, more: Partial<RunRow> = {}): RunRow {
  const time = (at: number) => new Date(at).toISOString();
  return {
    id,
    name: "nightly",
    status: end === null ? "running" : "succeeded",
    created_at: time(begin),
    started_at: time(begin),
    finished_at: end === null ? null : time(end),
    labels: {},
    stages_by_status: {},
    outcome: {},
    stages: { total: 1, succeeded: 1, by_status: {} },
    ...more,
  };
}

const frame = { width: 1000, height: 72, lanes: 4 };
const [duration] = measuresOf([]);

describe("the measures of runs", () => {
  it("are their duration and what some of them tell, most told first", () => {
    const rows = [
      run("a", noon, noon + minute, { outcome: { average: 0.4 } }),
      run("b", noon, noon + minute, { outcome: { average: 0.5, bias: 1 }, gpu_seconds: 7200 }),
    ];
    const measures = measuresOf(rows);
    expect(measures.map(({ id }) => id)).toEqual(["duration", "gpu_hours", "outcome.average", "outcome.bias"]);
    expect(measures.map((measure) => measure.value(rows[1] as RunRow, noon))).toEqual([minute, 2, 0.5, 1]);
    expect(measures[2]?.value(run("c", noon, noon), noon)).toBeUndefined();
  });
  it("know no duration of a run that was interrupted, and one so far of a run that goes on", () => {
    expect(duration?.value(run("a", noon, null, { status: "interrupted" }), noon + minute)).toBeUndefined();
    expect(duration?.value(run("a", noon, null), noon + minute)).toBe(minute);
  });
});

describe("the overview", () => {
  const rows = [run("c", noon + 20 * minute, null), run("b", noon + 5 * minute, noon + 15 * minute), run("a", noon, noon + 10 * minute)];
  const found = overviewOf(rows, duration as never, frame, noon + 25 * minute);
  it("puts the oldest first, each as long as it took", () => {
    expect(found.marks.map(({ row }) => row.id)).toEqual(["a", "b", "c"]);
    const [a, b, c] = found.marks;
    expect(a?.width).toBeCloseTo(b?.width ?? 0);
    expect((c?.x ?? 0) + (c?.width ?? 0)).toBeCloseTo(1000);
  });
  it("gives runs at the same time lanes of their own", () => {
    expect(found.marks.map(({ lane }) => lane)).toEqual([0, 1, 0]);
    expect(lanesOf([[0, 10], [1, 10], [2, 10], [3, 10]], 2)).toEqual([0, 1, 1, 1]);
  });
  it("puts the longest highest", () => {
    const [a, , c] = found.marks;
    expect(a?.y).toBeLessThan(c?.y ?? 0);
  });
  it("is of the newest runs, however many are loaded", () => {
    const many = Array.from({ length: 1000 }, (_, at) => run(String(1000 - at), noon - at * minute, noon));
    const { marks } = overviewOf(many, duration as never, frame, noon);
    expect(marks).toHaveLength(mostRuns);
    expect(marks.at(-1)?.row.id).toBe("1000");
  });
  it("shows runs days apart, folding what lies between", () => {
    const days = [run("b", noon + 5 * 24 * 60 * minute, noon + 5 * 24 * 60 * minute + minute), run("a", noon, noon + minute)];
    const { marks, scale } = overviewOf(days, duration as never, frame, noon);
    expect(scale.pieces.some((piece) => piece.folded)).toBe(true);
    for (const mark of marks) expect(mark.width).toBeGreaterThan(100);
  });
  it("knows nothing of no runs, and does not fail", () => {
    expect(overviewOf([], duration as never, frame, noon).marks).toEqual([]);
  });
});

describe("a click", () => {
  const { marks } = overviewOf(
    [run("b", noon + 600 * minute, noon + 600 * minute + 1), run("a", noon, noon + 500 * minute)],
    duration as never,
    frame,
    noon,
  );
  const b = marks[1];
  it("finds a bar of a millisecond, and its point, from as far as a finger is wide", () => {
    const middle = 80 + 4;
    for (const off of [-11, 0, 11]) expect(markAt(marks, (b?.x ?? 0) + off, middle, 80, 8)?.row.id).toBe("b");
    expect(markAt(marks, b?.x ?? 0, (b?.y ?? 0) - 10, 80, 8)?.row.id).toBe("b");
    expect(markAt(marks, (b?.x ?? 0) - 40, 80 + 30, 80, 8)).toBeUndefined();
  });
});
