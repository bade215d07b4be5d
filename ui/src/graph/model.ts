// What a node of the graph says: the structure, folded, with the states of the moment.
import { statusOfLetter, progressKey, type RunStates, type StageState } from "@/api/states";
import type { Structure } from "@/api/types";
import { total, worst, type Counts, type Status } from "@/design";
import type { FoldedGraph, GraphNode } from "./fold";

export interface NodeView {
  id: string;
  label: string;
  detail: string; // its type, or how many it stands for
  status: Status;
  // Of several tasks or stages.
  counts: Counts | undefined;
  // Of a task that runs and says how far it is: in [0, 1].
  progress: number | undefined;
  group: string | undefined; // the group's name; a click opens it
}

function ownProgress(states: RunStates, stage: number): number | undefined {
  const said = states.progress.get(progressKey(stage, 0));
  return said && said.total > 0 ? Math.min(1, said.done / said.total) : undefined;
}

function stageView(structure: Structure, states: RunStates, node: GraphNode, stage: number): NodeView {
  const shape = structure.stages[stage];
  const state: StageState = states.stages[stage] ?? { status: statusOfLetter(undefined), letters: "", counts: {} };
  const several = state.letters !== "";
  return {
    id: node.id,
    label: node.label,
    detail: several ? `${shape?.uses ?? ""} · ${total(state.counts).toLocaleString("en")} tasks` : (shape?.uses ?? ""),
    status: state.status,
    counts: several ? state.counts : undefined,
    progress: state.status === "running" && !several ? ownProgress(states, stage) : undefined,
    group: undefined,
  };
}

function groupView(states: RunStates, node: GraphNode): NodeView {
  const counts: Partial<Record<Status, number>> = {};
  for (const stage of node.stages)
    for (const [status, count] of Object.entries(states.stages[stage]?.counts ?? {}) as [Status, number][])
      counts[status] = (counts[status] ?? 0) + count;
  return {
    id: node.id,
    label: node.label,
    detail: `${node.stages.length} stages`,
    status: worst(counts),
    counts,
    progress: undefined,
    group: node.id.slice("group:".length),
  };
}

// A view stays the same object as long as it says the same.
export class NodeViews {
  #before = new Map<string, { view: NodeView; text: string }>();

  read(graph: FoldedGraph, structure: Structure, states: RunStates): NodeView[] {
    const next = new Map<string, { view: NodeView; text: string }>();
    const views = graph.nodes.map((node) => {
      const [stage = 0] = node.stages;
      const fresh = node.id.startsWith("group:")
        ? groupView(states, node)
        : stageView(structure, states, node, stage);
      const text = JSON.stringify(fresh);
      const old = this.#before.get(node.id);
      const kept = old?.text === text ? old : { view: fresh, text };
      next.set(node.id, kept);
      return kept.view;
    });
    this.#before = next;
    return views;
  }
}
