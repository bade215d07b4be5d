import { describe, expect, it } from "vitest";
import type { LineageNode, LineageTree } from "@/api/types";
import { readAt, writeAt } from "../artifacts/place";
import { ancestors, backwards, documentsOf, forwards } from "./hops";

const node = (at: string, kind: string, inputs: LineageNode[] = []): LineageNode => {
  const { task, output } = readAt(at) ?? { task: "", output: "" };
  return { run: "r", task, output, kind, digest: `sha256:${at}`, uses: task, inputs };
};
const documents = node("corpus.documents", "documents");
const heldout = node("curate.heldout", "qa", [node("multihop.qa", "qa", [documents]), node("general.qa", "qa", [{ ...documents, seen: true }])]);
const scores: LineageTree = { artifact: node("eval.scores", "scores", [node("train.model", "model", [documents]), heldout]) };
const consumer = (task: string, name: string, kind: string) => ({ run: "r", task, port: "x", uses: task, cached: false, outputs: [{ name, kind, digest: "d" }] });

describe("hops of a record", () => {
  it("lead from a score to its sample, and from a sample to its documents", () => {
    expect(backwards(scores, { id: "s1", score: 1 })).toEqual([{ label: "Sample s1", run: "r", at: "curate.heldout", id: "s1" }]);
    const sample = { id: "s1", provenance: { sources: ["doc/a", "doc/b", "doc/a", 7] } };
    expect(backwards({ artifact: heldout }, sample).map((hop) => [hop.at, hop.id])).toEqual([
      ["corpus.documents", "doc/a"],
      ["corpus.documents", "doc/b"],
    ]);
  });
  it("lead to a sample's own documents where it names no others", () => {
    const sample = { id: "s1", documents: [{ id: "doc/a" }, null, { text: "no id" }] };
    expect(backwards({ artifact: heldout }, sample).map((hop) => hop.id)).toEqual(["doc/a"]);
  });
  it("lead forwards by its id", () => {
    const tree = { artifact: heldout, consumers: [consumer("eval", "scores", "scores"), consumer("rl", "rollouts", "rollouts"), consumer("select", "qa", "qa"), consumer("rl", "model", "model")] };
    expect(forwards(tree, { id: "s1" })).toEqual([
      { label: "eval: scores", run: "r", at: "eval.scores", id: "s1" },
      { label: "rl: rollouts", run: "r", rollouts: { of: "rl", sample: "s1" } },
      { label: "select: qa", run: "r", at: "select.qa", q: "s1" },
    ]);
    expect(forwards(tree, { name: "no id" })).toEqual([]);
  });
  it("lead to what is told further down in the tree, too", () => {
    const first = { ...consumer("select", "qa", "qa"), outputs: [{ name: "qa", kind: "qa", digest: "d", consumers: [consumer("eval", "scores", "scores")] }] };
    const seen = { ...consumer("eval", "", ""), outputs: [], seen: true };
    expect(forwards({ artifact: heldout, consumers: [first, seen] }, { id: "s1" }).map((hop) => hop.at)).toEqual(["select.qa", "eval.scores"]);
  });
  it("lead to the run that uses the record, its own first", () => {
    const other = { ...consumer("eval", "scores", "scores"), run: "q" };
    expect(forwards({ artifact: heldout, consumers: [other, consumer("eval", "scores", "scores")] }, { id: "s1" }).map((hop) => hop.run)).toEqual(["r", "q"]);
  });
  it("lead from a rollout to its group", () => {
    const rollouts: LineageTree = { artifact: node("rl.rollouts", "rollouts", [heldout]) };
    expect(backwards(rollouts, { id: "s1", step: 3 })[1]).toEqual({ label: "Its group in step 3", run: "r", rollouts: { of: "rl", sample: "s1", step: 3 } });
  });
  it("know the documents that all came from", () => {
    expect(documentsOf(scores)?.task).toBe("corpus");
    expect(documentsOf(undefined)).toBeUndefined();
  });
  it("have each ancestor once, the nearest first", () => {
    expect(ancestors(scores.artifact).map(writeAt)).toEqual(["train.model", "curate.heldout", "corpus.documents", "multihop.qa", "general.qa"]);
  });
});

describe("a place", () => {
  it("is a stage or a task with an output", () => {
    expect(readAt("a.b")).toEqual({ task: "a", output: "b" });
    expect(readAt("a[x=0.5].b")).toEqual({ task: "a[x=0.5]", output: "b" });
    for (const wrong of [undefined, "", "a", ".b", "a.", "a[x=0.5]"]) expect(readAt(wrong)).toBeUndefined();
  });
});
