// How the bytes of an artifact are looked at.
import type { artifactViews } from "@/app/readingSearch";

export type View = (typeof artifactViews)[number];

export const viewNames: Record<View, string> = { records: "Records", tensors: "Tensors", preview: "Preview", bytes: "Bytes" };

// Kinds that are JSON Lines where they are one file.
const recordKinds = new Set(["qa", "scores", "documents", "table", "predictions"]);

// The views that a file has, the first of which it opens with. `file` is empty for an artifact that is one
// file; its kind may be unknown.
export function viewsOf(file: string, kind: string | undefined): View[] {
  if (file !== "") {
    if (file.endsWith(".jsonl")) return ["records", "bytes"];
    return file.endsWith(".safetensors") ? ["tensors", "bytes"] : ["bytes"];
  }
  if (kind === undefined) return ["records", "bytes"];
  return recordKinds.has(kind) ? ["records", "preview", "bytes"] : ["preview", "bytes", "records"];
}

// The file of a folder that says most of it.
export function tellingFile(files: readonly { name: string }[]): string | undefined {
  const among = (ends: string) => files.find((file) => file.name.endsWith(ends));
  return (among(".jsonl") ?? among(".safetensors") ?? among("report.json") ?? files[0])?.name;
}
