// Where in a workflow's text a failure has its cause, as a pure function: what the message or the cause
// names, else the stage.
import { entriesOf, type Entry } from "../newrun/scan";
import type { FailureInfo } from "./failure";

export interface SourcePlace {
  first: number; // line of the excerpt, from 1
  lines: string[];
  line: number; // from 1
  column: number; // from 1
  length: number; // of what is meant
}

const before = 2;
const after = 1;

// What the cause is about, below the stage.
const byCause: Record<string, string[][]> = {
  oom: [["resources", "memory"], ["resources"]],
  timeout: [["timeout"]],
};

export function sourcePlace(text: string, file: string, stage: string, failure: FailureInfo): SourcePlace | undefined {
  const told = toldPlace(text, file, failure.message);
  if (told) return told;
  const own = entriesOf(text).filter(({ path }) => path[0] === "stages" && path[1] === stage);
  const at = (path: readonly string[]) => own.find((entry) => entry.path.length === path.length + 2 && path.every((key, n) => entry.path[n + 2] === key));
  const found =
    (byCause[failure.cause] ?? []).map(at).find((entry) => entry !== undefined) ??
    named(own, failure.message) ??
    at(["with", "run"]) ??
    at(["uses"]) ??
    own[0];
  return found && excerpt(text, lineOf(text, found.from), found.from - startOf(text, found.from) + 1, found.to - found.from);
}

// A parameter that the message names, the one that it names first.
function named(own: readonly Entry[], message: string): Entry | undefined {
  let best: Entry | undefined;
  let first = Infinity;
  for (const entry of own) {
    const key = entry.path.at(-1) ?? "";
    if (entry.path[2] !== "with" || entry.path.length < 4 || key === "-") continue;
    const at = message.search(new RegExp(`(^|[\\s'"\`(])(with\\.)?${key.replace(/[^\w]/g, "\\$&")}($|[\\s'"\`),.:;])`));
    if (at >= 0 && at < first) {
      first = at;
      best = entry;
    }
  }
  return best;
}

// FILE:LINE:COLUMN of this workflow.
function toldPlace(text: string, file: string, message: string): SourcePlace | undefined {
  const name = file.replace(/^.*\//, "");
  if (!name) return undefined;
  const match = new RegExp(`${name.replace(/[^\w]/g, "\\$&")}:(\\d+):(\\d+)`).exec(message);
  const line = Number(match?.[1]);
  return match && line <= text.split("\n").length ? excerpt(text, line, Number(match[2]), 1) : undefined;
}

const startOf = (text: string, at: number) => text.lastIndexOf("\n", at - 1) + 1;
const lineOf = (text: string, at: number) => text.slice(0, at).split("\n").length;

function excerpt(text: string, line: number, column: number, length: number): SourcePlace {
  const all = text.split("\n");
  const first = Math.max(1, line - before);
  return { first, lines: all.slice(first - 1, line + after), line, column, length: Math.max(1, length) };
}
