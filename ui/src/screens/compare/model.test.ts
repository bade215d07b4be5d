import { describe, expect, it } from "vitest";
import type { Difference } from "@/api/types";
import { capLines, firstDivergence, graphOrder, kinship, paired, readSummary, stageOf } from "./model";

const differs = (part: string, name: string): Difference => ({ part, name, one: 1, other: 2 });
const order = ["data", "train", "train.more", "eval"];

describe("where two runs part", () => {
  it("is the first stage whose parameters, code or inputs differ", () => {
    const all = [differs("workflow", "seed"), differs("metrics", "data.count"), differs("inputs", "eval.policy"), differs("params", "train.lr"), differs("outputs", "train.model")];
    expect(firstDivergence(all, order)).toEqual({ stage: "train", differences: [differs("params", "train.lr")], chance: false });
  });
  it("is the first that came out differently, where nothing went in differently", () => {
    expect(firstDivergence([differs("outputs", "data.qa"), differs("inputs", "train.qa")], order)).toMatchObject({ stage: "data", chance: true });
  });
  it("knows the parameters of a stage from those of the workflow", () => {
    const all = [differs("params", "lr"), differs("stage params", "train.lr"), differs("outputs", "train.model")];
    expect(firstDivergence(all, order)).toMatchObject({ stage: "train", chance: false });
  });
  it("is nowhere where only metrics differ", () => expect(firstDivergence([differs("metrics", "train.seconds")], order)).toBeUndefined());
  it("knows stages with dots and labels", () => {
    const stages = new Set(["train", "a.b"]);
    expect(["train[x=0.5].model", "train.lr", "a.b.c", "seed", "train"].map((name) => stageOf({ part: "", name }, stages))).toEqual(["train", "train", "a.b", "", "train"]);
  });
  it("follows the graph, not the file", () => {
    expect(graphOrder([{ name: "c", needs: [1] }, { name: "b", needs: [2] }, { name: "a", needs: [] }])).toEqual(["a", "b", "c"]);
    expect(graphOrder([{ name: "a", needs: [0, 1] }, { name: "b", needs: [0] }])).toHaveLength(2);
  });
});

describe("two runs", () => {
  const origin = (run: string, stage: string) => ({ how: "fork", run, stage, step: 0 });
  it("may be made of each other or of a third", () => {
    expect(kinship({ id: "a" }, { id: "b", origin: origin("a", "s") })).toMatchObject({ of: "second" });
    expect(kinship({ id: "a", origin: origin("b", "s") }, { id: "b" })).toMatchObject({ of: "first" });
    expect(kinship({ id: "a", origin: origin("c", "s") }, { id: "b", origin: origin("c", "t") })).toMatchObject({ of: "both", run: "c", other: { stage: "t" } });
    expect(kinship({ id: "a", origin: origin("c", "s") }, { id: "b", origin: origin("d", "s") })).toBeUndefined();
  });
});

describe("paired scores", () => {
  const summary = (scores: Record<string, [string, number]>) => readSummary({ name: "e", items: Object.entries(scores).map(([id, [task, score]]) => ({ id, task, score })) });
  it("are over the items that both have, all and by task", () => {
    const one = summary({ a: ["x", 0], b: ["x", 1], c: ["y", 0] });
    const other = summary({ a: ["x", 1], b: ["x", 1], d: ["y", 1] });
    const rows = one && other ? paired(one, other) : [];
    expect(rows.map((row) => [row.task, row.n, row.one, row.other, row.delta])).toEqual([
      ["", 2, 0.5, 1, 0.5],
      ["x", 2, 0.5, 1, 0.5],
    ]);
    expect(rows[0]?.low).toBeCloseTo(0.5 - 1.96 * 0.5);
  });
  it("are none of what is no summary", () => expect([readSummary(null), readSummary({}), readSummary({ items: 3 })]).toEqual([undefined, undefined, undefined]));
});

describe("long texts", () => {
  it("are compared up to a line", () => {
    expect(capLines("a\nb")).toEqual({ text: "a\nb", left: 0 });
    expect(capLines("x\n".repeat(5_000)).left).toBe(1_001);
  });
});
