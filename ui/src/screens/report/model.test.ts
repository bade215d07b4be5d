import { describe, expect, it } from "vitest";
import type { LineageNode } from "@/api/types";
import { best, curve, drift, headline, isClear, percent, points, readReport, smoothed } from "./model";

const node = (task: string, kind: string): LineageNode => ({ run: "r", task, output: kind, kind, digest: "d", uses: "u" });
const lineage: LineageNode = { ...node("report", "report"), inputs: [node("rl1", "rollouts"), node("eval_a", "summary"), node("eval_b", "summary")] };
const step = (at: number, reward: number) => ({ step: at, reward, entropy: 0.1, length: 7, overlong: 0, updated: true });
const json = {
  title: "Mini",
  resamples: 2000,
  evaluations: [
    { name: "before", average: { n: 10, mean: 0.45, ci95: [0.4, 0.5] }, tasks: { b: { n: 5, mean: 0.5, ci95: [0.1, 0.9] }, a: { n: 5, mean: 0.4, ci95: [0, 1] } }, well_formed: 1, abstentions: 0 },
    { name: "after", average: { n: 10, mean: 0.5, ci95: [0.45, 0.55] }, tasks: {} },
  ],
  differences: { from_previous: [{ from: "before", to: "after", n: 10, mean: 0.05, ci95: [0.01, 0.1] }], by_task: [{ from: "before", to: "after", task: "a", n: 5, mean: -0.1, ci95: [-0.2, 0.1] }] },
  trainings: [{ name: "RL", applied: 2, skipped: 0, no_signal: 0, steps: [step(1, 0.4), step(2, 0.6)] }],
  paper_other_model_other_data: { title: "P", arxiv: "1", tables: [{ title: "T", rows: [{ name: "x", values: { Avg: 61.92 } }, { name: "y", values: { MRCR: 1 } }] }] },
};

describe("a report", () => {
  const report = readReport(json, lineage);
  it("has scores with intervals, by task", () => {
    expect(report?.tasks).toEqual(["a", "b"]);
    expect(report?.evaluations[0]?.average).toEqual({ n: 10, mean: 0.45, low: 0.4, high: 0.5 });
    expect(report?.evaluations[1]?.tasks.size).toBe(0);
  });
  it("knows what each number was made from, in order", () => {
    expect(report?.evaluations.map((evaluation) => evaluation.from?.task)).toEqual(["eval_a", "eval_b"]);
    expect(report?.trainings[0]?.from?.task).toBe("rl1");
  });
  it("names no source where the numbers do not match", () => {
    expect(readReport({ ...json, evaluations: json.evaluations.slice(1) }, lineage)?.evaluations[0]?.from).toBeUndefined();
  });
  it("has differences, and those of single tasks", () => {
    expect(report?.fromPrevious[0] && isClear(report.fromPrevious[0])).toBe(true);
    expect(report?.byTask[0]).toMatchObject({ task: "a", mean: -0.1 });
    expect(report?.fromFirst).toEqual([]);
  });
  it("puts the paper's rows under all columns", () => expect(report?.paper?.tables[0]?.columns).toEqual(["Avg", "MRCR"]));
  it("is none where it is something else", () => {
    for (const other of [null, [], "x", { counts: 3 }]) expect(readReport(other, undefined)).toBeUndefined();
  });
});

describe("what a report says first", () => {
  const report = readReport(json, lineage);
  it("is the last against the first, with the paired difference", () => {
    const said = report && headline(report);
    expect([said?.from.name, said?.to.name, said?.difference?.mean]).toEqual(["before", "after", 0.05]);
    expect(report && headline({ ...report, evaluations: report.evaluations.slice(0, 1) })).toBeUndefined();
  });
  it("is the highest of each column, where one is", () => {
    expect([...best(report ?? { evaluations: [], tasks: [] })]).toEqual([["", 1], ["a", 0], ["b", 0]]);
    const twice = report && { ...report, evaluations: [report.evaluations[0], report.evaluations[0]].flatMap((one) => one ?? []) };
    expect(twice && best(twice).size).toBe(0);
  });
});

describe("numbers", () => {
  it("are percent and points", () => {
    expect([percent(0.4541), percent(NaN), points(0.0176), points(-0.1034)]).toEqual(["45.4", "–", "+1.8", "−10.3"]);
  });
  it("drift from the first to the last fifth", () => {
    expect(drift(Array.from({ length: 10 }, (_, at) => ({ ...step(at, at), updated: true })), (one) => one.reward)).toEqual([0.5, 8.5]);
  });
  it("are smoothed with gaps", () => {
    expect(smoothed([1, 1, NaN, 1], 2)).toEqual([1, 1, NaN, 1]);
    const [first, second] = smoothed([0, 1], 1);
    expect([first, second]).toEqual([0, 2 / 3]);
  });
  it("become a line with gaps", () => {
    const { path } = curve([[0, 0], [1, 1], [2, NaN], [3, 0.5]], 108, 58);
    expect(path).toBe("M4.0 54.0L37.3 4.0M104.0 29.0");
    expect(curve([[0, 2], [1, 2]], 108, 58).path).toBe("M4.0 29.0L104.0 29.0");
  });
});
