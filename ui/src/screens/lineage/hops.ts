// From a record to the records that it was made from and that were made from it: promise 4, hop by hop.
import type { At } from "@/api/artifacts";
import type { LineageNode, LineageTree } from "@/api/types";
import { writeAt } from "../artifacts/place";

// To a record of an artifact, to records that name it, or to rollouts of it.
export interface Hop {
  label: string;
  run: string;
  at?: string | undefined;
  id?: string | undefined;
  q?: string | undefined;
  rollouts?: { of: string; sample: string; step?: number | undefined } | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const most = 40;

// All that an artifact was made from, each once, the nearest first.
export function ancestors(root: LineageNode): LineageNode[] {
  const found = new Map<string, LineageNode>();
  let layer = root.inputs ?? [];
  while (layer.length > 0) {
    for (const node of layer) if (!found.has(writeAt(node))) found.set(writeAt(node), node);
    layer = layer.flatMap((node) => node.inputs ?? []);
  }
  return [...found.values()];
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);
const text = (value: unknown) => (typeof value === "string" ? value : undefined);

// What a sample says that it was made from; else the documents that it comes with.
function sources(record: Members): string[] {
  const provenance = record.provenance as Members | undefined;
  const said = texts(provenance?.sources);
  const own = Array.isArray(record.documents) ? record.documents.map((one: unknown) => (one as Members | null)?.id) : [];
  return [...new Set(said.length > 0 ? said : own.filter((id) => typeof id === "string"))].slice(0, most);
}

// The artifact that holds the documents that an artifact was made from.
export function documentsOf(tree: LineageTree | undefined): LineageNode | undefined {
  return tree && ancestors(tree.artifact).find((node) => node.kind === "documents");
}

const answers = new Set(["scores", "rollouts", "predictions"]);

// What a record was made from. What carries a sample's id leads to the sample; what names its sources leads to these.
export function backwards(tree: LineageTree, record: Members): Hop[] {
  const { artifact } = tree;
  const id = text(record.id) ?? text(record.sample);
  const hops: Hop[] = [];
  if (id !== undefined && answers.has(artifact.kind)) {
    const dataset = (artifact.inputs ?? []).find((node) => node.kind === "qa");
    if (dataset) hops.push({ label: `Sample ${id}`, run: dataset.run, at: writeAt(dataset), id });
    if (artifact.kind === "rollouts" && typeof record.step === "number")
      hops.push({ label: `Its group in step ${record.step}`, run: artifact.run, rollouts: { of: artifact.task, sample: id, step: record.step } });
  }
  const documents = documentsOf(tree);
  if (documents) for (const source of sources(record)) hops.push({ label: source, run: documents.run, at: writeAt(documents), id: source });
  return hops;
}

type Consumers = NonNullable<LineageTree["consumers"]>;
type Outputs = NonNullable<Consumers[number]["outputs"]>;

const taskOf = ({ run, task }: { run: string; task: string }) => `${run} ${task}`;

// What each consumer makes; a tree says it once, wherever it names the consumer first.
function outputsOf(tree: LineageTree): Map<string, Outputs> {
  const found = new Map<string, Outputs>();
  let layer: Consumers = tree.consumers ?? [];
  while (layer.length > 0) {
    for (const one of layer) found.set(taskOf(one), [...(found.get(taskOf(one)) ?? []), ...(one.outputs ?? [])]);
    layer = layer.flatMap((one) => (one.outputs ?? []).flatMap((output) => output.consumers ?? []));
  }
  return found;
}

function forward(kind: string, place: At, run: string, id: string): Hop | undefined {
  const at = writeAt(place);
  const label = `${place.task}: ${place.output}`;
  if (kind === "scores") return { label, run, at, id };
  if (kind === "rollouts") return { label, run, rollouts: { of: place.task, sample: id } };
  if (kind === "qa") return { label, run, at, q: id };
  return undefined;
}

// Where the record is used, by its id, in what is made of its artifact; what its own run made comes first.
export function forwards(tree: LineageTree, record: Members): Hop[] {
  const id = text(record.id);
  if (id === undefined) return [];
  const hops = new Map<string, Hop>();
  const made = outputsOf(tree);
  for (const consumer of tree.consumers ?? [])
    for (const output of made.get(taskOf(consumer)) ?? []) {
      const hop = forward(output.kind, { task: consumer.task, output: output.name }, consumer.run, id);
      if (hop) hops.set(`${consumer.run} ${hop.label}`, hop);
    }
  const own = (hop: Hop) => (hop.run === tree.artifact.run ? 0 : 1);
  return [...hops.values()].sort((one, other) => own(one) - own(other)).slice(0, most);
}
