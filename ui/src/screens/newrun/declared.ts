// The form of a workflow's parameters, from their declarations in its text.
import { entriesOf } from "./scan";

export interface DeclaredParam {
  name: string;
  type: string;
  doc: string;
  default: string | undefined; // as it is written
  complex: boolean; // its default is a list or a map
  min: number | undefined;
  max: number | undefined;
  values: string[];
}

const number = (value: string | undefined) => (value === undefined || value === "" || !Number.isFinite(Number(value)) ? undefined : Number(value));

export function declaredParams(text: string): DeclaredParam[] {
  const params = new Map<string, { keys: Map<string, string>; values: string[]; complex: boolean }>();
  for (const { path, value } of entriesOf(text)) {
    const [head, name, key] = path;
    if (head !== "params" || name === undefined) continue;
    let param = params.get(name);
    if (!param) params.set(name, (param = { keys: new Map(), values: [], complex: false }));
    if (path.length === 3 && key !== undefined) param.keys.set(key, value);
    if (path.length === 4 && key === "values") param.values.push(value);
    if (path.length > 3 && key === "default") param.complex = true;
  }
  return [...params].map(([name, { keys, values, complex }]) => ({
    name,
    type: keys.get("type") ?? "string",
    doc: keys.get("description") ?? "",
    default: complex ? undefined : keys.get("default"),
    complex,
    min: number(keys.get("min")),
    max: number(keys.get("max")),
    values,
  }));
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
  if (control === "number") return number(text);
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
