// Which group and which rollout come next, as pure functions.
import type { RolloutRow } from "@/api/reading";

export interface GroupKey {
  step: number;
  sample: string;
  row?: number | undefined; // of its first rollout
}

// Groups in the order of rows: a row begins another group where step or sample change.
export function groupsOf(rows: readonly GroupKey[]): GroupKey[] {
  const groups: GroupKey[] = [];
  for (const { step, sample, row } of rows) {
    const last = groups.at(-1);
    if (last?.step !== step || last.sample !== sample) groups.push({ step, sample, ...(row !== undefined && { row }) });
  }
  return groups;
}

export function neighbour(groups: readonly GroupKey[], here: GroupKey, by: number): GroupKey | undefined {
  const at = groups.findIndex((group) => group.step === here.step && group.sample === here.sample);
  return at < 0 ? undefined : groups[at + by];
}

export function within(at: number, count: number, key: "n" | "p"): number {
  return Math.min(Math.max(at + (key === "n" ? 1 : -1), 0), Math.max(0, count - 1));
}

// What went wrong with a rollout, and what is special about it.
export function notesOf(row: Pick<RolloutRow, "truncated" | "dropped" | "turns"> & { answered?: unknown }): string[] {
  const notes = [row.answered === false && "no answer", row.truncated && "truncated", row.dropped && "dropped", row.turns > 1 && `${row.turns} turns`];
  return notes.filter((note) => note !== false);
}

export interface Turn {
  chunk?: unknown;
  documents?: unknown;
  given?: { memory?: unknown; plan?: unknown };
  memory?: unknown;
  plan?: unknown;
  memory_cut?: unknown;
  prompt_tokens?: unknown;
  tokens?: unknown;
  finish?: unknown;
}

export interface ShownTurn {
  title: string;
  reads: boolean; // a chunk; else it answers
  tokens: number; // written
  documents: string[];
  given: string | undefined; // undefined: nothing yet
  givenPlan: string | undefined;
  memory: string | undefined;
  plan: string | undefined;
  cut: boolean;
  facts: string;
}

const textOf = (value: unknown) => (typeof value === "string" ? value : value === undefined || value === null ? undefined : JSON.stringify(value));

// A memory agent's turns. `given` is left out where it is what the turn before wrote.
export function turnsOf(turns: unknown): ShownTurn[] {
  if (!Array.isArray(turns)) return [];
  let memory: string | undefined;
  let plan: string | undefined;
  return (turns as Turn[]).map((turn, at) => {
    const given = turn.given ? textOf(turn.given.memory) : memory;
    const givenPlan = turn.given ? textOf(turn.given.plan) : plan;
    memory = textOf(turn.memory) ?? memory;
    plan = textOf(turn.plan) ?? plan;
    const reads = turn.chunk !== undefined;
    const facts = [
      typeof turn.prompt_tokens === "number" && `${turn.prompt_tokens.toLocaleString("en")} tokens given`,
      typeof turn.tokens === "number" && `${turn.tokens.toLocaleString("en")} written`,
      typeof turn.finish === "string" && (turn.finish === "length" ? "cut at its limit" : "ended by itself"),
    ];
    return {
      reads,
      tokens: typeof turn.tokens === "number" ? turn.tokens : 0,
      title: reads ? `Turn ${at + 1}: reads chunk ${textOf(turn.chunk) ?? ""}` : `Turn ${at + 1}: answers`,
      documents: Array.isArray(turn.documents) ? turn.documents.map(String) : [],
      given,
      givenPlan,
      memory: textOf(turn.memory),
      plan: textOf(turn.plan),
      cut: turn.memory_cut === true,
      facts: facts.filter(Boolean).join(" · "),
    };
  });
}

const known = new Set(
  "row step id sample task index reward advantage entropy tokens prompt_tokens turns truncated dropped with_tokens answered answer response finish cut preview".split(" "),
);

// Members of a rollout that a trainer added, such as the votes of a verifier.
export function extrasOf(body: object): [string, unknown][] {
  return Object.entries(body).filter(([name]) => !known.has(name));
}

export interface Rows {
  columns: string[];
  rows: string[][];
}

// A list of objects as a table; undefined where it is something else.
export function rowsOf(value: unknown): Rows | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const items = value as unknown[];
  if (!items.every((item) => typeof item === "object" && item !== null && !Array.isArray(item))) return undefined;
  const objects = items as Record<string, unknown>[];
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  return { columns, rows: objects.map((object) => columns.map((column) => textOf(object[column]) ?? "")) };
}
