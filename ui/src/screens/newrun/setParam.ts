// Writes a stage's parameter into a workflow's text, where and how its neighbours are written.
import { entriesOf } from "./scan";

export interface Change {
  from: number;
  to: number;
  insert: string;
}

const plain = /^[A-Za-z0-9_./-][A-Za-z0-9_./ -]*$/;
const special = /^(true|false|yes|no|on|off|null|~|[-+.\d].*)$/i;

// A value as YAML: numbers and truths as they are, texts in quotes where they could be taken for others.
export function yamlScalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return plain.test(value) && !special.test(value) && value.trim() === value ? value : JSON.stringify(value);
}

export function setStageParam(text: string, stage: string, param: string, value: unknown): Change | undefined {
  const entries = entriesOf(text);
  const find = (...path: string[]) => entries.find((entry) => entry.path.length === path.length && path.every((key, at) => entry.path[at] === key));
  const written = yamlScalar(value);
  const there = find("stages", stage, "with", param);
  if (there) {
    const rest = text.slice(there.to + 1);
    const found = /^([ \t]*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|(?:\$\{[^}\n]*\}|[^,}\]{[\n#"'])*)/.exec(rest);
    const old = (found?.[2] ?? "").trimEnd();
    if (old === "" && !/^[ \t]*[\n,}]/.test(rest)) return undefined; // a list, a map: too much to write over
    const from = there.to + 1 + (found?.[1]?.length ?? 0);
    return { from, to: from + old.length, insert: found?.[1] === "" ? ` ${written}` : written };
  }
  const inside = find("stages", stage, "with");
  if (inside) return into(text, inside.from, inside.to, `${param}: ${written}`);
  const uses = find("stages", stage, "uses");
  if (!uses) return undefined;
  const line = lineOf(text, uses.from);
  if (/^\s*$/.test(text.slice(line.from, uses.from))) {
    const indent = text.slice(line.from, uses.from);
    return { from: line.to, to: line.to, insert: `\n${indent}with:\n${indent}  ${param}: ${written}` };
  }
  const end = uses.to + 1 + (/^\s*[\w.-]+/.exec(text.slice(uses.to + 1))?.[0].length ?? 0);
  return { from: end, to: end, insert: `, with: {${param}: ${written}}` };
}

function lineOf(text: string, at: number) {
  const end = text.indexOf("\n", at);
  return { from: text.lastIndexOf("\n", at - 1) + 1, to: end < 0 ? text.length : end };
}

function into(text: string, from: number, colon: number, entry: string): Change | undefined {
  const rest = text.slice(colon + 1);
  const brace = /^\s*\{/.exec(rest);
  if (brace) {
    const at = colon + 1 + brace[0].length;
    const empty = /^\s*\}/.test(text.slice(at));
    return { from: at, to: at, insert: empty ? entry : `${entry}, ` };
  }
  if (!/^[ \t]*(#.*)?(\n|$)/.test(rest)) return undefined;
  const line = lineOf(text, from);
  const indent = " ".repeat(from - line.from + 2);
  const next = /^\n([ \t]+)\S/.exec(text.slice(line.to))?.[1];
  return { from: line.to, to: line.to, insert: `\n${next !== undefined && next.length > from - line.from ? next : indent}${entry}` };
}
