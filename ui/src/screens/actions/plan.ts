// A plan in words: what each stage would do, and all of them together.
import type { PlannedStage, Stage } from "@/api/types";
import { format, type Status } from "@/design";

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
  savedMs: number | undefined; // work that it need not do again; undefined: none, or not known
}

// How long a stage was at work in the run that its results come from.
export type Took = ReadonlyMap<string, { ms: number; done: number }>;

export function tookOf(stages: readonly Stage[]): Took {
  const took = new Map<string, { ms: number; done: number }>();
  for (const { name, cached, started_at, finished_at, progress } of stages) {
    const ms = started_at && finished_at && !cached ? Date.parse(finished_at) - Date.parse(started_at) : 0;
    if (ms > 0) took.set(name, { ms, done: progress.done });
  }
  return took;
}

function savedMs({ name, action, step, tasks, by_action }: PlannedStage, took: Took): number | undefined {
  const known = took.get(name);
  if (!known) return undefined;
  if (action === "continue") return step && known.done > 0 ? known.ms * Math.min(1, step / known.done) : undefined;
  const reused = by_action?.reuse ?? (action === "reuse" ? tasks : 0);
  return reused > 0 ? (known.ms * reused) / Math.max(1, tasks) : undefined;
}

export function planRows(stages: readonly PlannedStage[], took: Took = new Map()): PlanRow[] {
  return stages.map((stage) => {
    const parts = Object.entries(stage.by_action ?? {}).filter(([, count]) => count > 0);
    const step = stage.step === undefined ? "" : ` from step ${stage.step.toLocaleString("en")}`;
    const words = parts.length > 1 ? parts.map(([does, count]) => `${does} ${count.toLocaleString("en")}`).join(", ") : `${stage.action}${step}`;
    const why = [...(stage.because ?? []), ...(stage.differs ?? []).map((part) => `${part} differs`)].join("; ");
    return { name: stage.name, uses: stage.uses, does: stage.action, words, why, tasks: stage.tasks, savedMs: savedMs(stage, took) };
  });
}

// "12 stages: 3 run, 1 continue, 8 reused · saves 2 h 5 min of work"
export function planSummary(stages: readonly PlannedStage[], took: Took = new Map()): string {
  if (stages.length === 0) return "No stages";
  const counts = order.map((does) => [does, stages.filter((stage) => stage.action === does).length] as const);
  const words = counts.filter(([, count]) => count > 0).map(([does, count]) => `${count.toLocaleString("en")} ${verbs[does]}`);
  const saved = stages.reduce((sum, stage) => sum + (savedMs(stage, took) ?? 0), 0);
  const saves = saved >= 1 ? ` · saves ${format.duration(saved)} of work` : "";
  return `${stages.length.toLocaleString("en")} ${stages.length === 1 ? "stage" : "stages"}: ${words.join(", ")}${saves}`;
}

// What would be done comes before what is reused, each in the order of the workflow.
export function byWork(rows: readonly PlanRow[]): PlanRow[] {
  return order.flatMap((does) => rows.filter((row) => row.does === does));
}
