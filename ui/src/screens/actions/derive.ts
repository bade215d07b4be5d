// What a resume, a rerun or a fork asks of the server, and the same on a command line.
import type { WorkflowParam } from "@/api/types";
import { formParam, setOptions, shellWord, valueWords, type FormParam } from "../newrun/params";
import { yamlScalar } from "../newrun/setParam";

export type Kind = "resume" | "rerun" | "fork";

export interface Choice {
  stage: string; // empty: a resume from where it stopped
  step: number | undefined; // of a fork
  params: Readonly<Record<string, unknown>>; // those that are others than before
  accept: boolean; // plugins as they are now
}

// What all three may ask for.
const shared = ({ params, accept }: Choice) => ({
  ...(Object.keys(params).length > 0 && { params }),
  ...(accept && { accept_changed_plugins: true }),
});

export const resumeBody = (choice: Choice) => ({ ...(choice.stage && { from: choice.stage }), ...shared(choice) });
export const rerunBody = (choice: Choice) => ({ from: choice.stage, ...shared(choice) });
export const forkBody = (choice: Choice) => ({
  stage: choice.stage,
  ...(choice.step !== undefined && { step: choice.step }),
  ...shared(choice),
});

export function commandOf(kind: Kind, run: string, { stage, step, params, accept }: Choice): string {
  const at = kind === "fork" ? ` --at ${shellWord(step === undefined ? stage : `${stage}:${step}`)}` : stage ? ` --from ${shellWord(stage)}` : "";
  return `cairn ${kind} ${run}${at}${setOptions(params)}${accept ? " --accept-changed-plugins" : ""}`;
}

// The parameters, with the values of the run as those that they keep.
export function paramsOf(declared: readonly WorkflowParam[]): FormParam[] {
  return declared.map((param) => formParam(param, param.value ?? param.default));
}

// The names of those that were given another value than they have.
export function changedNames(params: readonly FormParam[], values: Readonly<Record<string, unknown>>): string[] {
  const old = new Map(params.map((param) => [param.name, param.default]));
  return Object.keys(values).filter((name) => valueWords(values[name]) !== old.get(name));
}

export interface DiffLine {
  sign: " " | "-" | "+";
  text: string;
}

// Parameters as they are and as they would be, as lines of YAML.
export function paramDiff(names: readonly string[], old: Readonly<Record<string, unknown>>, values: Readonly<Record<string, unknown>>): DiffLine[] {
  const line = (sign: DiffLine["sign"], name: string, value: unknown): DiffLine => ({ sign, text: `  ${name}: ${yamlScalar(value)}` });
  if (names.length === 0) return [];
  return [
    { sign: " ", text: "params:" },
    ...names.flatMap((name) => [...(old[name] === undefined ? [] : [line("-", name, old[name])]), line("+", name, values[name])]),
  ];
}
