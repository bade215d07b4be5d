// The states of a run's stages and tasks, and the fold of what the server says has changed. Whatever
// did not change keeps its identity, so that a view draws again only what did.
import type { Counts, Status } from "@/design";
import type { StateDelta, StateProgress, States } from "./types";

export const letterStatus: Record<string, Status> = {
  p: "pending",
  r: "running",
  w: "waiting",
  s: "succeeded",
  c: "cached",
  f: "failed",
  x: "cancelled",
  k: "skipped",
  i: "interrupted",
};

export function statusOfLetter(letter: string | undefined): Status {
  return letterStatus[letter ?? "p"] ?? "pending";
}

export interface StageState {
  readonly status: Status;
  readonly letters: string; // of its tasks; empty: it is one task
  readonly counts: Counts; // of its tasks, itself included where it is one
}

export interface RunStates {
  readonly sequence: number;
  readonly revision: number;
  readonly status: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly counts: Counts;
  readonly total: number;
  readonly stages: readonly StageState[];
  // Of tasks that run, by progressKey; the stream alone tells it.
  readonly progress: ReadonlyMap<string, StateProgress>;
}

export function progressKey(stage: number, task: number): string {
  return `${stage}:${task}`;
}

function countLetters(letters: string): Counts {
  const counts: Partial<Record<Status, number>> = {};
  for (const letter of letters) {
    const status = statusOfLetter(letter);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

function stageState(letter: string, letters: string): StageState {
  return { status: statusOfLetter(letter), letters, counts: countLetters(letters || letter) };
}

function sumCounts(stages: readonly StageState[]): Counts {
  const sum: Partial<Record<Status, number>> = {};
  for (const stage of stages)
    for (const [status, count] of Object.entries(stage.counts) as [Status, number][])
      sum[status] = (sum[status] ?? 0) + count;
  return sum;
}

function progressMap(items: readonly StateProgress[]): Map<string, StateProgress> {
  return new Map(items.map((item) => [progressKey(item.stage, item.task), item]));
}

export function readStates(states: States): RunStates {
  const stages = [...states.stages].map((letter, at) => stageState(letter, states.task_states?.[at] ?? ""));
  return {
    sequence: states.sequence,
    revision: states.revision,
    status: states.status,
    startedAt: states.started_at,
    finishedAt: states.finished_at,
    counts: sumCounts(stages),
    total: states.tasks.total,
    stages,
    progress: new Map(),
  };
}

// The whole state anew, in which stages that say the same stay the same objects.
export function adopt(before: RunStates | undefined, states: States): RunStates {
  const next = readStates(states);
  if (!before) return next;
  const stages = next.stages.map((stage, at) => {
    const old = before.stages[at];
    return old?.status === stage.status && old.letters === stage.letters ? old : stage;
  });
  return { ...next, stages, progress: before.progress };
}

// What must be read anew instead: another revision has other stages.
export const stale = Symbol("stale");

export function foldStates(before: RunStates, deltas: readonly StateDelta[]): RunStates | typeof stale {
  const news = deltas.filter((delta) => delta.sequence > before.sequence);
  const last = news.at(-1);
  if (!last) return before;
  if (news.some((delta) => delta.revision !== before.revision)) return stale;
  const letters = new Map<number, string>();
  const tasks = new Map<number, Map<number, string>>();
  for (const delta of news) {
    for (const [stage, letter] of (delta.stages ?? []) as [number, string][]) letters.set(stage, letter);
    for (const [stage, task, letter] of (delta.task_states ?? []) as [number, number, string][]) {
      let changed = tasks.get(stage);
      if (!changed) tasks.set(stage, (changed = new Map()));
      changed.set(task, letter);
    }
  }
  const stages = [...before.stages];
  for (const at of new Set([...letters.keys(), ...tasks.keys()])) {
    const old = before.stages[at];
    if (!old) return stale;
    stages[at] = changedStage(old, letters.get(at), tasks.get(at));
  }
  const changed = stages.some((stage, at) => stage !== before.stages[at]);
  return {
    ...before,
    sequence: last.sequence,
    status: last.status,
    startedAt: last.started_at,
    finishedAt: last.finished_at,
    total: last.tasks.total,
    stages: changed ? stages : before.stages,
    counts: changed ? sumCounts(stages) : before.counts,
  };
}

function changedStage(old: StageState, letter: string | undefined, tasks: Map<number, string> | undefined): StageState {
  let letters = old.letters;
  if (tasks) {
    const all = [...letters];
    for (const [task, to] of tasks) {
      while (all.length <= task) all.push("p"); // a foreach that was just expanded
      all[task] = to;
    }
    letters = all.join("");
  }
  const status = letter === undefined ? old.status : statusOfLetter(letter);
  if (status === old.status && letters === old.letters) return old;
  return { status, letters, counts: letters ? countLetters(letters) : { [status]: 1 } };
}

export function foldProgress(before: RunStates, items: readonly StateProgress[]): RunStates {
  if (items.length === 0) return before;
  return { ...before, progress: new Map([...before.progress, ...progressMap(items)]) };
}
