// From a record to the records that it was made from and that were made from it: promise 4, hop by hop.
import type { LineageNode, LineageTree } from "@/api/types";
import { writeAt } from "../artifacts/place";

export interface Hop {
  label: string;
  at: string;
  file?: string | undefined;
  id?: string | undefined;
  where?: string[] | undefined;
  q?: string | undefined;
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

function sources(record: Members): string[] {
  const provenance = record.provenance as Members | undefined;
  return [...new Set(texts(provenance?.sources))].slice(0, most);
}

// What a record was made from. What carries a sample's id leads to the sample; what names its sources leads to these.
export function backwards(tree: LineageTree, record: Members): Hop[] {
  const before = ancestors(tree.artifact);
  const { kind } = tree.artifact;
  const id = text(record.id) ?? text(record.sample);
  const hops: Hop[] = [];
  if (id !== undefined && ["scores", "rollouts", "predictions"].includes(kind)) {
    const dataset = (tree.artifact.inputs ?? []).find((node) => node.kind === "qa");
    if (dataset) hops.push({ label: `Sample ${id}`, at: writeAt(dataset), id });
  }
  const documents = before.find((node) => node.kind === "documents");
  if (documents) for (const source of sources(record)) hops.push({ label: source, at: writeAt(documents), id: source });
  return hops;
}

type Consumers = NonNullable<LineageTree["consumers"]>;
type Outputs = NonNullable<Consumers[number]["outputs"]>;

// What each consumer makes; a tree says it once, wherever it names the consumer first.
function outputsOf(tree: LineageTree): Map<string, Outputs> {
  const found = new Map<string, Outputs>();
  let layer: Consumers = tree.consumers ?? [];
  while (layer.length > 0) {
    for (const one of layer) {
      const key = `${one.run} ${one.task}`;
      found.set(key, [...(found.get(key) ?? []), ...(one.outputs ?? [])]);
    }
    layer = layer.flatMap((one) => (one.outputs ?? []).flatMap((output) => output.consumers ?? []));
  }
  return found;
}

// Where the record is used: in what is made of its artifact, by its id.
export function forwards(tree: LineageTree, record: Members): Hop[] {
  const id = text(record.id);
  if (id === undefined) return [];
  const hops = new Map<string, Hop>();
  const made = outputsOf(tree);
  for (const consumer of tree.consumers ?? []) {
    for (const output of made.get(`${consumer.run} ${consumer.task}`) ?? []) {
      const at = writeAt({ task: consumer.task, output: output.name });
      const label = `${consumer.task}: ${output.name}`;
      if (output.kind === "scores") hops.set(at, { label, at, id });
      if (output.kind === "rollouts") hops.set(at, { label, at, file: "rollouts.jsonl", where: [`id=${id}`] });
      if (output.kind === "qa") hops.set(at, { label, at, q: id });
    }
  }
  return [...hops.values()].slice(0, most);
}
