// What of a workflow's graph is shown as one node. A matrix or foreach is one node already; in long
// workflows, stages of one layer whose names begin alike become a group, and then chains of stages
// that only follow each other. The graph stays free of cycles: a layer's stages never wait for each
// other, and a chain has one way in and one way out.
import { layersOf } from "./layout";

export interface FoldInput {
  names: readonly string[];
  needs: readonly (readonly number[])[];
}

export interface GraphNode {
  id: string; // the stage's name, or "group:" and the group's
  label: string;
  stages: readonly number[]; // indexes; more than one in a group
}

export interface FoldedGraph {
  nodes: GraphNode[];
  edges: number[]; // flat pairs of nodes
  nodeOfStage: Int32Array;
}

// Up to here nothing is folded.
export const comfortable = 60;
const smallestGroup = 3;
const shortestChain = 4;

// "shard_017" and "shard-b" begin with "shard"; without a separator, digits at the end are left out.
export function prefixOf(name: string): string {
  const cut = name.search(/[_.-]/);
  return cut > 0 ? name.slice(0, cut) : name.replace(/\d+$/, "");
}

function isPrefix(prefix: string, name: string): boolean {
  return prefix.length > 0 && prefix !== name;
}

function flatEdges(needs: FoldInput["needs"]): number[] {
  return needs.flatMap((from, to) => from.flatMap((node) => [node, to]));
}

// Groups that the user has not opened.
export function fold(input: FoldInput, open: ReadonlySet<string> = new Set()): FoldedGraph {
  const count = input.names.length;
  const groupOf: (string | undefined)[] = Array.from({ length: count });
  if (count > comfortable) {
    foldAlike(input, groupOf);
    let built = build(input, groupOf);
    if (built.nodes.length > comfortable) {
      foldChains(input, built, groupOf);
      built = build(input, groupOf);
    }
    // Opened ones are taken apart last, so that the others stay as they are.
    groupOf.forEach((group, stage) => {
      if (group !== undefined && open.has(group)) groupOf[stage] = undefined;
    });
  }
  return build(input, groupOf);
}

function foldAlike(input: FoldInput, groupOf: (string | undefined)[]): void {
  const layers = layersOf(input.names.length, flatEdges(input.needs));
  const members = new Map<string, number[]>();
  input.names.forEach((name, stage) => {
    const prefix = prefixOf(name);
    if (!isPrefix(prefix, name)) return;
    const key = `${prefix} ${layers[stage]}`;
    members.set(key, [...(members.get(key) ?? []), stage]);
  });
  const used = new Map<string, number>();
  for (const [key, stages] of members) {
    if (stages.length < smallestGroup) continue;
    const prefix = key.slice(0, key.lastIndexOf(" "));
    const before = used.get(prefix) ?? 0;
    used.set(prefix, before + 1);
    const name = before === 0 ? prefix : `${prefix} (${before + 1})`;
    for (const stage of stages) groupOf[stage] = name;
  }
}

function foldChains(input: FoldInput, graph: FoldedGraph, groupOf: (string | undefined)[]): void {
  const into: number[][] = graph.nodes.map(() => []);
  const out: number[][] = graph.nodes.map(() => []);
  for (let at = 0; at < graph.edges.length; at += 2) {
    const from = graph.edges[at] ?? 0;
    const to = graph.edges[at + 1] ?? 0;
    out[from]?.push(to);
    into[to]?.push(from);
  }
  const follows = (node: number): number | undefined => {
    const next = out[node]?.length === 1 ? out[node][0] : undefined;
    return next !== undefined && into[next]?.length === 1 ? next : undefined;
  };
  const plain = (node: number) => graph.nodes[node]?.stages.length === 1;
  const inner = new Set(graph.nodes.map((_, node) => follows(node)).filter((node) => node !== undefined));
  graph.nodes.forEach((_, start) => {
    if (inner.has(start)) return;
    let chain: number[] = [];
    const close = () => {
      if (chain.length >= shortestChain) nameChain(input, graph, chain, groupOf);
      chain = [];
    };
    for (let node: number | undefined = start; node !== undefined; node = follows(node)) {
      if (plain(node)) chain.push(node);
      else close();
    }
    close();
  });
}

function nameChain(
  input: FoldInput,
  graph: FoldedGraph,
  chain: readonly number[],
  groupOf: (string | undefined)[],
): void {
  const stages = chain.map((node) => graph.nodes[node]?.stages[0] ?? 0);
  const name = `${input.names[stages[0] ?? 0]} … ${input.names[stages.at(-1) ?? 0]}`;
  for (const stage of stages) groupOf[stage] = name;
}

function build(input: FoldInput, groupOf: readonly (string | undefined)[]): FoldedGraph {
  const nodes: (GraphNode & { stages: number[] })[] = [];
  const byGroup = new Map<string, number>();
  const nodeOfStage = new Int32Array(input.names.length);
  input.names.forEach((name, stage) => {
    const group = groupOf[stage];
    const known = group === undefined ? undefined : byGroup.get(group);
    if (known !== undefined) {
      nodes[known]?.stages.push(stage);
      nodeOfStage[stage] = known;
      return;
    }
    if (group !== undefined) byGroup.set(group, nodes.length);
    nodeOfStage[stage] = nodes.length;
    nodes.push({ id: group === undefined ? name : `group:${group}`, label: group ?? name, stages: [stage] });
  });
  const seen = new Set<number>();
  const edges: number[] = [];
  input.needs.forEach((from, to) => {
    for (const stage of from) {
      const a = nodeOfStage[stage] ?? 0;
      const b = nodeOfStage[to] ?? 0;
      const key = a * nodes.length + b;
      if (a === b || seen.has(key)) continue;
      seen.add(key);
      edges.push(a, b);
    }
  });
  return { nodes, edges, nodeOfStage };
}
