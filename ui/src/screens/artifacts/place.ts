import type { At } from "@/api/artifacts";

export function readAt(text: string | undefined): At | undefined {
  const dot = text?.lastIndexOf(".") ?? -1;
  if (text === undefined || dot <= 0 || dot === text.length - 1 || text.indexOf("]", dot) >= 0) return undefined;
  return { task: text.slice(0, dot), output: text.slice(dot + 1) };
}

export function writeAt({ task, output }: At): string {
  return `${task}.${output}`;
}
