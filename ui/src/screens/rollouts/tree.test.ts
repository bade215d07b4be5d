import { describe, expect, it } from "vitest";
import type { RolloutBody } from "@/api/reading";
import { notesOf } from "./group";
import { moveBy, rewardsOf, treeOf, visibleNodes } from "./tree";

const turn = (chunk: number, memory: string, tokens: number) => ({ chunk, documents: [], memory, plan: "", memory_cut: false, prompt_tokens: 9, tokens, finish: "stop" });
const answers = { prompt_tokens: 4, tokens: 3, finish: "stop" };
const body = (index: number, reward: number | null, memories: string[], response: string) =>
  ({
    row: 40 + index, step: 1, sample: "q-1", task: "t", index, reward, advantage: 0, entropy: null, tokens: 9, prompt_tokens: 9, truncated: false, dropped: false, with_tokens: true,
    answer: "x", response, turns: [...memories.map((memory, at) => turn(at + 1, memory, 10 + at)), answers],
  }) as RolloutBody;
const group = [body(0, 1, ["a", "b"], "yes"), body(1, 0, ["a", "c"], "no"), body(2, null, ["a", "b"], "yes")];
const nodes = treeOf(group);
const ids = (shut: string[] = []) => visibleNodes(nodes, new Set(shut)).map(({ id }) => id);

describe("the tree of a memory agent's group", () => {
  it("has the question, a branch for each rollout, its turns in order and its answer", () => {
    expect(ids()).toEqual(["q", "0", "0.1", "0.2", "0.3", "1", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "2.3"]);
    expect(nodes.map(({ level }) => level).slice(0, 4)).toEqual([1, 2, 3, 3]);
    expect(nodes.slice(1, 5).map(({ kind }) => kind)).toEqual(["rollout", "turn", "turn", "answer"]);
    expect(nodes[4]).toMatchObject({ parent: "0", at: 2, siblings: 3, last: true, lastBranch: false });
    expect(nodes.at(-1)).toMatchObject({ lastBranch: true, body: group[2] });
  });
  it("knows the tokens of each turn among those of the rollout", () => {
    expect(nodes.slice(2, 5).map(({ tokens }) => tokens)).toEqual([[0, 9], [10, 20], [21, 23]]);
  });
  it("says where another rollout wrote the same", () => {
    const like = Object.fromEntries(nodes.filter((node) => node.like !== undefined).map((node) => [node.id, node.like]));
    expect(like).toEqual({ "1.1": 0, "2.1": 0, "2.2": 0, "2.3": 0 });
  });
  it("is folded", () => {
    expect(ids(["0", "2"])).toEqual(["q", "0", "1", "1.1", "1.2", "1.3", "2"]);
    expect(ids(["q"])).toEqual(["q"]);
  });
  it("is walked with arrows, Home and End", () => {
    const move = (key: string, id: string, shut: string[] = []) => moveBy(key, visibleNodes(nodes, new Set(shut)), new Set(shut), id);
    expect(move("ArrowDown", "0.3")).toEqual({ to: "1" });
    expect(move("ArrowUp", "q")).toEqual({});
    expect(move("ArrowRight", "0")).toEqual({ to: "0.1" });
    expect(move("ArrowRight", "0", ["0"])).toEqual({ open: "0" });
    expect(move("ArrowRight", "0.1")).toEqual({});
    expect(move("ArrowLeft", "0.2")).toEqual({ to: "0" });
    expect(move("ArrowLeft", "0")).toEqual({ shut: "0" });
    expect(move("ArrowLeft", "0", ["0"])).toEqual({ to: "q" });
    expect(move("End", "q", ["2"])).toEqual({ to: "2" });
    expect(move("Home", "1.1")).toEqual({ to: "q" });
    expect(move("Enter", "1")).toEqual({ shut: "1" });
    expect(move("x", "1")).toBeUndefined();
    expect(move("ArrowDown", "0.1", ["0"])).toBeUndefined();
  });
  it("sums up the rewards that there are", () => {
    expect(rewardsOf(group)).toEqual({ mean: 0.5, least: 0, most: 1 });
    expect(rewardsOf(group.slice(2))).toBeUndefined();
  });
});

describe("what went wrong with a rollout", () => {
  it("is told, and what was not noted is not", () => {
    const row = { truncated: true, dropped: false, turns: 3 };
    expect(notesOf({ ...row, answered: false })).toEqual(["no answer", "truncated", "3 turns"]);
    expect(notesOf({ ...row, truncated: false, turns: 1, answered: null })).toEqual([]);
  });
});
