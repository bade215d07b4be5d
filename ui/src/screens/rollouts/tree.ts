// The rollouts of a memory agent's group as a tree: from the question a branch for each rollout, on it
// its turns in order, the answer last.
import type { RolloutBody } from "@/api/reading";
import { turnsOf, type ShownTurn } from "./group";

export interface TreeNode {
  id: string; // "q", "INDEX", "INDEX.TURN" (from 1)
  kind: "question" | "rollout" | "turn" | "answer";
  level: 1 | 2 | 3;
  parent: string | undefined;
  children: number;
  at: number; // among its siblings, from 0
  last: boolean; // of them
  siblings: number; // itself among them
  lastBranch: boolean; // of the rollouts, or below it
  body: RolloutBody | undefined;
  turn: ShownTurn | undefined;
  number: number; // of the turn, from 1
  like: number | undefined; // index of the first rollout that wrote the same in this turn
  tokens: readonly [number, number] | undefined; // of the turn among all of the rollout
}

export const rootId = "q";

// What a turn came to; equal where a reader would see the same.
function madeBy(turn: ShownTurn, body: RolloutBody, last: boolean): string {
  return JSON.stringify(last && !turn.reads ? ["answer", body.response] : [turn.title, turn.memory, turn.plan]);
}

// In the order in which they are read.
export function treeOf(bodies: readonly RolloutBody[]): TreeNode[] {
  const root: TreeNode = {
    id: rootId, kind: "question", level: 1, parent: undefined, children: bodies.length, at: 0, last: true, siblings: 1, lastBranch: true,
    body: undefined, turn: undefined, number: 0, like: undefined, tokens: undefined,
  };
  const first = new Map<string, number>();
  const nodes = bodies.flatMap((body, at): TreeNode[] => {
    const id = String(body.index);
    const turns = turnsOf(body.turns);
    let token = 0;
    const below = turns.map((turn, order): TreeNode => {
      const made = madeBy(turn, body, order === turns.length - 1);
      const like = first.get(made);
      if (like === undefined) first.set(made, body.index);
      const begin = token;
      token += turn.tokens;
      return {
        id: `${id}.${order + 1}`, kind: turn.reads ? "turn" : "answer", level: 3, parent: id, children: 0, at: order,
        last: order === turns.length - 1, siblings: turns.length, lastBranch: at === bodies.length - 1,
        body, turn, number: order + 1, like, tokens: turn.tokens > 0 ? [begin, token - 1] : undefined,
      };
    });
    const branch: TreeNode = {
      id, kind: "rollout", level: 2, parent: rootId, children: below.length, at,
      last: at === bodies.length - 1, siblings: bodies.length, lastBranch: at === bodies.length - 1,
      body, turn: undefined, number: 0, like: undefined, tokens: undefined,
    };
    return [branch, ...below];
  });
  return [root, ...nodes];
}

export function visibleNodes(nodes: readonly TreeNode[], shut: ReadonlySet<string>): TreeNode[] {
  if (shut.has(rootId)) return nodes.slice(0, 1);
  return nodes.filter(({ parent }) => parent === undefined || !shut.has(parent));
}

// Where a key leads, or what it folds.
export interface Move {
  to?: string;
  shut?: string;
  open?: string;
}

export function moveBy(key: string, visible: readonly TreeNode[], shut: ReadonlySet<string>, id: string): Move | undefined {
  const at = visible.findIndex((node) => node.id === id);
  const here = visible[at];
  if (!here) return undefined;
  const to = (node: TreeNode | undefined): Move => (node ? { to: node.id } : {});
  const folds = here.children > 0;
  if (key === "ArrowDown") return to(visible[at + 1]);
  if (key === "ArrowUp") return to(visible[at - 1]);
  if (key === "Home") return to(visible[0]);
  if (key === "End") return to(visible.at(-1));
  if (key === "ArrowRight") return folds && shut.has(id) ? { open: id } : folds ? to(visible[at + 1]) : {};
  if (key === "ArrowLeft") return folds && !shut.has(id) ? { shut: id } : to(visible.find((node) => node.id === here.parent));
  if (key === " " || key === "Enter") return folds ? (shut.has(id) ? { open: id } : { shut: id }) : {};
  return undefined;
}

export interface Rewards {
  mean: number;
  least: number;
  most: number;
}

export function rewardsOf(bodies: readonly RolloutBody[]): Rewards | undefined {
  const all = bodies.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  if (all.length === 0) return undefined;
  return { mean: all.reduce((sum, one) => sum + one, 0) / all.length, least: Math.min(...all), most: Math.max(...all) };
}
