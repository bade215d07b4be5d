// Tokens of a rollout as the page shows them: pure functions.
import type { TokenData } from "@/api/reading";

export type Colouring = "entropy" | "logprob" | "reference" | "advantage" | "mask";

// Those that say something: most trainings keep no reference.
export function colouringsOf(withReference: boolean): (readonly [Colouring, string])[] {
  return [
    ["entropy", "Entropy"],
    ["logprob", "Log-probability"],
    ...(withReference ? ([["reference", "Reference"]] as const) : []),
    ["advantage", "Advantage"],
    ["mask", "Loss mask"],
  ];
}

export interface Token {
  at: number; // in the rollout
  id: number;
  text: string;
  hex: boolean; // a piece that is no UTF-8 by itself
  logprob: number | null;
  reference: number | null; // log-probability under a reference model
  entropy: number | null;
  counts: boolean; // the loss counts it
  special: boolean;
}

export const blockTokens = 256;
export const pageTokens = 4_096;

function piece(value: unknown): { text: string; hex: boolean } {
  if (typeof value === "string") return { text: value, hex: false };
  const { hex } = (value ?? {}) as { hex?: unknown };
  return { text: typeof hex === "string" ? hex : "?", hex: true };
}

export function tokensOf(data: TokenData): Token[] {
  const reference = Array.isArray(data.reference) ? (data.reference as (number | null)[]) : [];
  return (data.ids ?? []).map((id, at) => ({
    at: data.from + at,
    id,
    ...piece(data.pieces?.[at]),
    logprob: data.logprob?.[at] ?? null,
    reference: reference[at] ?? null,
    entropy: data.entropy?.[at] ?? null,
    counts: data.counts?.[at] ?? true,
    special: data.special?.[at] ?? false,
  }));
}

// Steps of a legend, from little to much.
export const entropySteps = [0.1, 0.5, 1, 2]; // nats
export const logprobSteps = [0.05, 0.5, 1.5, 4]; // of -logprob

function bin(value: number, steps: readonly number[]): number {
  return steps.filter((step) => value >= step).length;
}

// "e0" to "e4" by entropy, "l0" to "l4" by surprise, "up" and "down" by advantage, "out" where the loss
// does not count it. Each class has a tint and, for those who see no colour, a line below of its own.
export function toneOf(token: Token, colouring: Colouring, advantage: number | null): string {
  if (colouring === "mask") return token.counts ? "in" : "out";
  if (colouring === "entropy") return token.entropy === null ? "none" : `e${bin(token.entropy, entropySteps)}`;
  if (colouring === "logprob" || colouring === "reference") {
    const value = token[colouring];
    return value === null ? "none" : `l${bin(-value, logprobSteps)}`;
  }
  if (!token.counts) return "out";
  return advantage === null || advantage === 0 ? "none" : advantage > 0 ? "up" : "down";
}

export interface Legend {
  tone: string;
  text: string;
}

export function legendOf(colouring: Colouring): Legend[] {
  if (colouring === "mask") {
    return [
      { tone: "in", text: "counts in the loss" },
      { tone: "out", text: "left out" },
    ];
  }
  if (colouring === "advantage") {
    return [
      { tone: "up", text: "made likelier" },
      { tone: "down", text: "made less likely" },
      { tone: "out", text: "left out of the loss" },
    ];
  }
  const [steps, letter, unit] =
    colouring === "entropy" ? ([entropySteps, "e", "nats"] as const) : ([logprobSteps, "l", "nats of surprise"] as const);
  return [0, ...steps].map((from, at) => ({
    tone: `${letter}${at}`,
    text: at === 0 ? `below ${steps[0]} ${unit}` : at === steps.length ? `${from} and more` : `from ${from}`,
  }));
}

// "12-20" and "12" in the URL.
export function rangeOf(text: string | undefined): [number, number] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text ?? "");
  if (!match) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to ? [from, to] : [to, from];
}

export function rangeText(from: number, to: number): string {
  return from === to ? String(from) : `${Math.min(from, to)}-${Math.max(from, to)}`;
}
