// A plan in words: what each stage would do, and all of them together.
import type { PlannedStage } from "@/api/types";
import type { Status } from "@/design";

export type Does = PlannedStage["action"];

export const doesStatus: Record<Does, Status> = { run: "running", continue: "running", reuse: "cached", skip: "skipped" };
const order: Does[] = ["run", "continue", "reuse", "skip"];
const verbs: Record<Does, string> = { run: "run", continue: "continue", reuse: "reused", skip: "skipped" };

export interface PlanRow {
  name: string;
  uses: string;
  does: Does;
  words: string; // "continue from step 40", "run 3, reuse 5"
  why: string;
  tasks: number;
}

export function planRows(stages: readonly PlannedStage[]): PlanRow[] {
  return stages.map((stage) => {
    const parts = Object.entries(stage.by_action ?? {}).filter(([, count]) => count > 0);
    const step = stage.step === undefined ? "" : ` from step ${stage.step.toLocaleString("en")}`;
    const words = parts.length > 1 ? parts.map(([does, count]) => `${does} ${count.toLocaleString("en")}`).join(", ") : `${stage.action}${step}`;
    const why = [...(stage.because ?? []), ...(stage.differs ?? []).map((part) => `${part} differs`)].join("; ");
    return { name: stage.name, uses: stage.uses, does: stage.action, words, why, tasks: stage.tasks };
  });
}

// "3 of 12 stages run, 1 continues, 8 are reused"
export function planSummary(stages: readonly PlannedStage[]): string {
  if (stages.length === 0) return "No stages";
  const counts = order.map((does) => [does, stages.filter((stage) => stage.action === does).length] as const);
  const words = counts.filter(([, count]) => count > 0).map(([does, count]) => `${count.toLocaleString("en")} ${verbs[does]}`);
  return `${stages.length.toLocaleString("en")} ${stages.length === 1 ? "stage" : "stages"}: ${words.join(", ")}`;
}

// What would be done comes before what is reused, each in the order of the workflow.
export function byWork(rows: readonly PlanRow[]): PlanRow[] {
  return order.flatMap((does) => rows.filter((row) => row.does === does));
}
