import { describe, expect, it } from "vitest";
import { comfortable, fold, prefixOf } from "./fold";
import { layersOf } from "./layout";

function fan(count: number): { names: string[]; needs: number[][] } {
  const names = ["start", ...Array.from({ length: count }, (_, at) => `shard_${at}`), "end"];
  const needs = names.map((_, at) => (at === 0 ? [] : at <= count ? [0] : Array.from({ length: count }, (_, i) => i + 1)));
  return { names, needs };
}

describe("fold", () => {
  it("leaves short workflows as they are", () => {
    const graph = fold(fan(comfortable - 2));
    expect(graph.nodes).toHaveLength(comfortable);
  });
  it("makes stages of one layer that begin alike one node", () => {
    const graph = fold(fan(100));
    expect(graph.nodes.map((node) => [node.id, node.stages.length])).toEqual([
      ["start", 1],
      ["group:shard", 100],
      ["end", 1],
    ]);
    expect(graph.edges).toEqual([0, 1, 1, 2]);
  });
  it("shows the stages of a group that is open", () => {
    expect(fold(fan(100), new Set(["shard"])).nodes).toHaveLength(102);
  });
  it("folds a long chain into one node", () => {
    const names = Array.from({ length: 100 }, (_, at) => `step${String.fromCharCode(97 + (at % 26))}x${at}y`);
    const graph = fold({ names, needs: names.map((_, at) => (at === 0 ? [] : [at - 1])) });
    expect(graph.nodes).toHaveLength(1);
    expect(graph.nodes[0]?.label).toBe(`${names[0]} … ${names[99]}`);
  });
  it("folds shards of several steps into one chain of groups", () => {
    const names: string[] = [];
    const needs: number[][] = [];
    for (const step of ["fetch", "clean", "train"])
      for (let shard = 0; shard < 40; ++shard) {
        needs.push(step === "fetch" ? [] : [names.length - 40]);
        names.push(`${step}_${shard}`);
      }
    const graph = fold({ names, needs });
    expect(graph.nodes.map((node) => node.label)).toEqual(["fetch", "clean", "train"]);
    expect(graph.edges).toEqual([0, 1, 1, 2]);
  });
  it("never makes a cycle", () => {
    // a_1 → b_1 → a_2 → b_2 …, in which groups over layers would wait for each other.
    const names = Array.from({ length: 120 }, (_, at) => `${at % 2 ? "b" : "a"}_${at % 12}_${at}`);
    const needs = names.map((_, at) => (at < 12 ? [] : [at - 12, at - 11]));
    const graph = fold({ names, needs });
    expect(graph.nodes.length).toBeLessThan(names.length);
    expect([...layersOf(graph.nodes.length, graph.edges)]).not.toContain(-1);
  });
});

describe("prefixOf", () => {
  it.each([
    ["shard_017", "shard"],
    ["eval-b.2", "eval"],
    ["rl12", "rl"],
    ["corpus", "corpus"],
    ["_x", "_x"],
  ])("%s begins with %s", (name, prefix) => expect(prefixOf(name)).toBe(prefix));
});
