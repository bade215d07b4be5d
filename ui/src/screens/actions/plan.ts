// A plan in words: what each stage would do, and all of them together.
import type { PlannedStage } from "@/api/types";
import { format, type Status } from "@/design";
import { hours } from "../run/head";

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
  saved: string | undefined; // work that need not be done again; undefined: none, or not known
}

// "3 h 12 min, 6 GPU-hours"
function savedWords(seconds: number, gpuSeconds: number): string {
  return `${format.duration(seconds * 1000)}${gpuSeconds > 0 ? `, ${hours(gpuSeconds)} GPU-hours` : ""}`;
}

export function planRows(stages: readonly PlannedStage[]): PlanRow[] {
  return stages.map((stage) => {
    const parts = Object.entries(stage.by_action ?? {}).filter(([, count]) => count > 0);
    const step = stage.step === undefined ? "" : ` from step ${stage.step.toLocaleString("en")}`;
    const words = parts.length > 1 ? parts.map(([does, count]) => `${does} ${count.toLocaleString("en")}`).join(", ") : `${stage.action}${step}`;
    const why = [...(stage.because ?? []), ...(stage.differs ?? []).map((part) => `${part} differs`)].join("; ");
    return { name: stage.name, uses: stage.uses, does: stage.action, words, why, tasks: stage.tasks, saved: stage.saved && savedWords(stage.saved.seconds, stage.saved.gpu_seconds) };
  });
}

// "12 stages: 3 run, 1 continue, 8 reused · saves 2 h 5 min of work"
export function planSummary(stages: readonly PlannedStage[]): string {
  if (stages.length === 0) return "No stages";
  const counts = order.map((does) => [does, stages.filter((stage) => stage.action === does).length] as const);
  const words = counts.filter(([, count]) => count > 0).map(([does, count]) => `${count.toLocaleString("en")} ${verbs[does]}`);
  const sum = (of: "seconds" | "gpu_seconds") => stages.reduce((all, { saved }) => all + (saved?.[of] ?? 0), 0);
  const saves = sum("seconds") >= 1 ? ` · saves ${savedWords(sum("seconds"), sum("gpu_seconds"))} of work` : "";
  return `${stages.length.toLocaleString("en")} ${stages.length === 1 ? "stage" : "stages"}: ${words.join(", ")}${saves}`;
}

// What would be done comes before what is reused, each in the order of the workflow.
export function byWork(rows: readonly PlanRow[]): PlanRow[] {
  return order.flatMap((does) => rows.filter((row) => row.does === does));
}
