// What two runs have in common and where they part.
import type { Difference } from "@/api/types";

// "train.lr", "train[a=1].model": the stage of a difference, empty where it is of the whole workflow.
export function stageOf(difference: Pick<Difference, "part" | "name">, stages: ReadonlySet<string>): string {
  const { name } = difference;
  if (stages.has(name)) return name;
  for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) {
    const head = name.slice(0, at);
    const bare = head.replace(/\[.*$/, "");
    if (stages.has(head)) return head;
    if (stages.has(bare)) return bare;
  }
  const bare = name.replace(/\[.*$/, "");
  return stages.has(bare) ? bare : "";
}

// What makes a stage come out differently, as opposed to what came out.
const causes = new Set(["params", "stage params", "code", "inputs", "plugins", "stages", "stage"]);

export interface Divergence {
  stage: string;
  differences: Difference[]; // its causes; its outputs where it has none
  chance: boolean; // no cause is known: a seed, or something outside the workflow
}

// The first stage, in the order of the graph, whose code, parameters or inputs differ; where none does,
// the first that came out differently.
export function firstDivergence(differences: readonly Difference[], order: readonly string[]): Divergence | undefined {
  const stages = new Set(order);
  const by = new Map<string, Difference[]>();
  for (const difference of differences) {
    const stage = stageOf(difference, stages);
    if (stage !== "") by.set(stage, [...(by.get(stage) ?? []), difference]);
  }
  for (const stage of order) {
    const own = (by.get(stage) ?? []).filter((one) => causes.has(one.part));
    if (own.length > 0) return { stage, differences: own, chance: false };
    const came = (by.get(stage) ?? []).filter((one) => one.part === "outputs");
    if (came.length > 0) return { stage, differences: came, chance: true };
  }
  return undefined;
}

// Stages before those that need them, else in the order of the file.
export function graphOrder(stages: readonly { name: string; needs: readonly number[] }[]): string[] {
  const done = new Set<number>();
  const order: string[] = [];
  const visit = (at: number, depth: number) => {
    const stage = stages[at];
    if (!stage || done.has(at) || depth > stages.length) return;
    done.add(at);
    for (const need of stage.needs) visit(need, depth + 1);
    order.push(stage.name);
  };
  for (let at = 0; at < stages.length; ++at) visit(at, 0);
  return order;
}

export interface Origin {
  how: string;
  run: string;
  stage: string;
  step: number;
}

// How two runs are related: one made of the other, or both of a third.
export type Kinship = { of: "first" | "second"; origin: Origin } | { of: "both"; run: string; one: Origin; other: Origin };

export function kinship(one: { id: string; origin?: Origin }, other: { id: string; origin?: Origin }): Kinship | undefined {
  if (other.origin?.run === one.id) return { of: "second", origin: other.origin };
  if (one.origin?.run === other.id) return { of: "first", origin: one.origin };
  if (one.origin && one.origin.run === other.origin?.run) return { of: "both", run: one.origin.run, one: one.origin, other: other.origin };
  return undefined;
}

export interface PairRow {
  name: string; // of the evaluation
  task: string; // empty: all items
  n: number; // items that both have
  one: number;
  other: number;
  delta: number; // other - one, over those items
  low: number; // 95 %, by the normal approximation of paired items
  high: number;
}

interface Item {
  task: string;
  score: number;
}

export interface Summary {
  name: string;
  items: ReadonlyMap<string, Item>;
}

export function readSummary(json: unknown): Summary | undefined {
  if (typeof json !== "object" || json === null || !("items" in json) || !Array.isArray(json.items)) return undefined;
  const items = new Map<string, Item>();
  for (const item of json.items as { id?: unknown; task?: unknown; score?: unknown }[])
    if (typeof item.id === "string" && typeof item.score === "number") items.set(item.id, { task: typeof item.task === "string" ? item.task : "", score: item.score });
  return { name: "name" in json && typeof json.name === "string" ? json.name : "", items };
}

// The same items of both, so that how hard they are cancels out.
export function paired(one: Summary, other: Summary): PairRow[] {
  const groups = new Map<string, [number, number][]>([["", []]]);
  for (const [id, item] of one.items) {
    const twin = other.items.get(id);
    if (!twin) continue;
    const pair: [number, number] = [item.score, twin.score];
    groups.get("")?.push(pair);
    if (item.task) groups.set(item.task, [...(groups.get(item.task) ?? []), pair]);
  }
  return [...groups]
    .filter(([, pairs]) => pairs.length > 0)
    .map(([task, pairs]) => ({ name: one.name, task, ...pairedScore(pairs) }))
    .sort((a, b) => a.task.localeCompare(b.task));
}

function pairedScore(pairs: readonly (readonly [number, number])[]) {
  const n = pairs.length;
  const mean = (value: (pair: readonly [number, number]) => number) => pairs.reduce((sum, pair) => sum + value(pair), 0) / n;
  const delta = mean(([one, other]) => other - one);
  const spread = n > 1 ? Math.sqrt(pairs.reduce((sum, [one, other]) => sum + (other - one - delta) ** 2, 0) / (n - 1) / n) : NaN;
  return { n, one: mean(([one]) => one), other: mean(([, other]) => other), delta, low: delta - 1.96 * spread, high: delta + 1.96 * spread };
}

const most = 4_000; // lines that are compared: more would stop the page for seconds

export function capLines(text: string): { text: string; left: number } {
  const lines = text.split("\n");
  return { text: lines.slice(0, most).join("\n"), left: Math.max(0, lines.length - most) };
}
