// A report as the page draws it, read from report.json, with what each number was made from.
import type { LineageNode } from "@/api/types";

export interface Score {
  n: number;
  mean: number;
  low: number;
  high: number;
}

export interface Evaluation {
  name: string;
  average: Score | undefined;
  tasks: ReadonlyMap<string, Score>;
  wellFormed: number | undefined;
  abstentions: number | undefined;
  from: LineageNode | undefined; // its summary
}

export interface Difference extends Score {
  from: string;
  to: string;
  task: string; // empty: all items
}

export interface Step {
  step: number;
  reward: number;
  entropy: number;
  length: number;
  overlong: number;
  updated: boolean;
}

export interface Training {
  name: string;
  steps: readonly Step[];
  applied: number;
  skipped: number;
  noSignal: number;
  from: LineageNode | undefined; // its rollouts
}

export interface PaperTable {
  title: string;
  columns: string[];
  rows: { name: string; values: ReadonlyMap<string, number> }[];
}

export interface Report {
  title: string;
  resamples: number;
  tasks: string[];
  evaluations: Evaluation[];
  fromPrevious: Difference[];
  fromFirst: Difference[];
  byTask: Difference[];
  trainings: Training[];
  paper: { title: string; arxiv: string; tables: PaperTable[] } | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const map = (value: unknown): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(map) : []);
const number = (value: unknown): number => (typeof value === "number" ? value : NaN);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function score(value: unknown): Score {
  const found = map(value);
  const ci: unknown[] = Array.isArray(found.ci95) ? found.ci95 : [];
  return { n: number(found.n), mean: number(found.mean), low: number(ci[0]), high: number(ci[1]) };
}

function difference(value: Json): Difference {
  return { ...score(value), from: text(value.from), to: text(value.to), task: text(value.task) };
}

// What the report was made from, in the order in which its numbers come, where there are as many.
function inputs(lineage: LineageNode | undefined, kind: string, count: number): (LineageNode | undefined)[] {
  const found = (lineage?.inputs ?? []).filter((node) => node.kind === kind);
  return found.length === count ? found : Array.from({ length: count }, () => undefined);
}

export function readReport(json: unknown, lineage: LineageNode | undefined): Report | undefined {
  const root = map(json);
  if (!Array.isArray(root.evaluations)) return undefined;
  const evaluations = list(root.evaluations);
  const trainings = list(root.trainings);
  const summaries = inputs(lineage, "summary", evaluations.length);
  const rollouts = inputs(lineage, "rollouts", trainings.length);
  const differences = map(root.differences);
  const paper = map(root.paper_other_model_other_data);
  const read = evaluations.map((found, at): Evaluation => ({
    name: text(found.name),
    average: "average" in found ? score(found.average) : undefined,
    tasks: new Map(Object.entries(map(found.tasks)).map(([task, value]) => [task, score(value)])),
    wellFormed: typeof found.well_formed === "number" ? found.well_formed : undefined,
    abstentions: typeof found.abstentions === "number" ? found.abstentions : undefined,
    from: summaries[at],
  }));
  return {
    title: text(root.title),
    resamples: number(root.resamples),
    tasks: [...new Set(read.flatMap((evaluation) => [...evaluation.tasks.keys()]))].sort(),
    evaluations: read,
    fromPrevious: list(differences.from_previous).map(difference),
    fromFirst: list(differences.from_first).map(difference),
    byTask: list(differences.by_task).map(difference),
    trainings: trainings.map((found, at): Training => ({
      name: text(found.name),
      steps: list(found.steps).map((step) => ({
        step: number(step.step),
        reward: number(step.reward),
        entropy: number(step.entropy),
        length: number(step.length),
        overlong: number(step.overlong),
        updated: step.updated === true,
      })),
      applied: number(found.applied),
      skipped: number(found.skipped),
      noSignal: number(found.no_signal),
      from: rollouts[at],
    })),
    paper: Array.isArray(paper.tables)
      ? { title: text(paper.title), arxiv: text(paper.arxiv), tables: list(paper.tables).map(paperTable) }
      : undefined,
  };
}

function paperTable(found: Json): PaperTable {
  const rows = list(found.rows).map((row) => ({
    name: text(row.name),
    values: new Map(Object.entries(map(row.values)).filter((entry): entry is [string, number] => typeof entry[1] === "number")),
  }));
  return { title: text(found.title), columns: [...new Set(rows.flatMap((row) => [...row.values.keys()]))], rows };
}

// The interval leaves out 0: more than chance explains.
export const isClear = ({ low, high }: Score): boolean => low > 0 || high < 0;

const one = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : "–");
export const percent = (value: number) => one(value * 100);
export const points = (value: number) => (Number.isFinite(value) ? `${value >= 0 ? "+" : "−"}${Math.abs(value * 100).toFixed(1)}` : "–");

// The evaluation that scores highest, of all items ("") and of each task; none where several do.
export function best(report: Pick<Report, "evaluations" | "tasks">): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const { evaluations } = report;
  for (const task of ["", ...report.tasks]) {
    const means = evaluations.map((one) => (task === "" ? one.average : one.tasks.get(task))?.mean ?? NaN);
    const high = Math.max(...means.filter(Number.isFinite));
    const at = means.indexOf(high);
    if (at >= 0 && evaluations.length > 1 && means.lastIndexOf(high) === at) found.set(task, at);
  }
  return found;
}

export interface Headline {
  from: Evaluation;
  to: Evaluation;
  difference: Difference | undefined; // paired, where the report has it
}

// The last evaluation against the first.
export function headline({ evaluations, fromFirst, fromPrevious }: Report): Headline | undefined {
  const from = evaluations[0];
  const to = evaluations.at(-1);
  if (!from?.average || !to?.average || from === to) return undefined;
  return { from, to, difference: [...fromFirst, ...fromPrevious].find((one) => one.from === from.name && one.to === to.name) };
}

// The mean over the first and the last fifth of the steps.
export function drift(steps: readonly Step[], value: (step: Step) => number): [number, number] {
  const size = Math.max(1, Math.floor(steps.length / 5));
  const mean = (part: readonly Step[]) => part.reduce((sum, step) => sum + value(step), 0) / part.length;
  return steps.length === 0 ? [NaN, NaN] : [mean(steps.slice(0, size)), mean(steps.slice(-size))];
}

// An average that follows slowly: what lies `half` values back counts half. What is not finite is left out.
export function smoothed(values: readonly number[], half: number): number[] {
  const keep = 0.5 ** (1 / half);
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    sum = sum * keep + value;
    weight = weight * keep + 1;
    return sum / weight;
  });
}

export interface Curve {
  path: string; // of SVG
  x: (step: number) => number;
  y: (value: number) => number;
  low: number;
  high: number;
}

// A line through all finite values; others leave a gap.
export function curve(points: readonly (readonly [number, number])[], width: number, height: number, pad = 4, range?: readonly [number, number]): Curve {
  const finite = points.map(([, value]) => value).filter(Number.isFinite);
  const [low, high] = range ?? [Math.min(...finite), Math.max(...finite)];
  const begin = points[0]?.[0] ?? 0;
  const span = Math.max(1e-12, (points.at(-1)?.[0] ?? 1) - begin);
  const x = (step: number) => pad + ((step - begin) / span) * (width - 2 * pad);
  const y = (value: number) => (high === low ? height / 2 : height - pad - ((value - low) / (high - low)) * (height - 2 * pad));
  let path = "";
  let pen = false;
  for (const [step, value] of points) {
    if (Number.isFinite(value)) path += `${pen ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = Number.isFinite(value);
  }
  return { path, x, y, low, high };
}
