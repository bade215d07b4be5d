// The form of a workflow's parameters, from what the server tells of them.
import type { Validation, WorkflowParam } from "@/api/types";

export interface FormParam {
  name: string;
  type: string;
  doc: string;
  required: boolean; // there is no value where none is given
  default: string | undefined; // that it has where none is given, as somebody would type it
  min: number | undefined;
  max: number | undefined;
  values: readonly string[];
  old?: boolean; // the text as it stands does not declare it, or not so that it can be read
}

// A value as somebody would type it.
export function valueWords(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "$secret" in value && typeof value.$secret === "string") return value.$secret;
  return JSON.stringify(value) ?? "";
}

// `kept`: the value that it has where none is given.
export function formParam(told: WorkflowParam, kept: unknown = told.default): FormParam {
  const { name, type, doc, required, min, max, values } = told;
  return { name, type, doc, required, default: kept === undefined ? undefined : valueWords(kept), min, max, values: values ?? [] };
}

// The form behind another answer. While something is wrong with the text, what was told before stays
// in its place: nobody loses what they typed for a moment's missing bracket.
export function foldParams(before: readonly FormParam[], { valid, params = [] }: Pick<Validation, "valid" | "params">): readonly FormParam[] {
  const told = params.map((param) => formParam(param));
  if (valid) return told;
  const now = new Map(told.map((param) => [param.name, param]));
  const kept = before.map((param) => now.get(param.name) ?? { ...param, old: true });
  const known = new Set(before.map((param) => param.name));
  return [...kept, ...told.filter((param) => !known.has(param.name))];
}

// Those whose values are sent: all, where nothing can be read of the text, else what it declares.
export function sentParams(params: readonly FormParam[]): readonly FormParam[] {
  return params.every((param) => param.old) ? params : params.filter((param) => !param.old);
}

// What was given for a run, where that is not what the same text has by itself.
export function givenLike(values: Readonly<Record<string, unknown>>, told: readonly WorkflowParam[]): Given {
  const given = told
    .map(({ name, value }) => [name, values[name], value] as const)
    .filter(([, value, own]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(own));
  return Object.fromEntries(given.map(([name, value]) => [name, valueWords(value)]));
}

export type Control = "bool" | "number" | "choice" | "json" | "text";

export function controlOf(param: { type: string; values: readonly string[] }): Control {
  if (param.values.length > 0) return "choice";
  if (param.type === "bool") return "bool";
  if (param.type === "int" || param.type === "float") return "number";
  return ["list", "map", "json"].includes(param.type) ? "json" : "text";
}

export type Given = Readonly<Record<string, string>>; // by name, as it was typed; empty is not given

export interface Typed {
  values: Record<string, unknown>;
  wrong: Record<string, string>; // why a text is no value
}

// What was typed, as values of the API. Only what a text cannot be is said here; the server checks.
export function typedValues(params: readonly { name: string; type: string; values: readonly string[] }[], given: Given): Typed {
  const typed: Typed = { values: {}, wrong: {} };
  for (const param of params) {
    const text = given[param.name]?.trim() ?? "";
    if (text === "") continue;
    const value = valueOf(controlOf(param), text);
    if (value === undefined) typed.wrong[param.name] = controlOf(param) === "json" ? "no JSON" : "no number";
    else typed.values[param.name] = value;
  }
  return typed;
}

function valueOf(control: Control, text: string): unknown {
  if (control === "bool") return text === "true";
  if (control === "number") return Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (control !== "json") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// "int, 1 to 9", "one of a, b"
export function rangeWords(param: { type: string; min?: number | undefined; max?: number | undefined; values?: readonly string[] }): string {
  if (param.values && param.values.length > 0) return `one of ${param.values.join(", ")}`;
  if (param.min !== undefined && param.max !== undefined) return `${param.type}, ${param.min} to ${param.max}`;
  if (param.min !== undefined) return `${param.type}, ${param.min} or more`;
  return param.max !== undefined ? `${param.type}, ${param.max} or less` : param.type;
}

// The same for a shell.
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function setOptions(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` --set ${shellWord(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`)
    .join("");
}
