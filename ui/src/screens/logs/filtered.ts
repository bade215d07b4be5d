// The lines that a filter leaves, as a file: read from the server page by page.
import { readLog, readLogRange, type LogLine, type LogPage, type LogPlace, type TaskPath } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";

const pageLines = 1_000;
const rangeBytes = 1 << 20;

// What is shown: a search narrows it only where it says so.
export function shownPlace({ attempt, source, level, q, only, regex }: LogsSearch): LogPlace {
  const text = only ? q : undefined;
  return { attempt, source, level, q: text, ...(text && regex && { regex }) };
}

export function isFiltered(place: LogPlace): boolean {
  return Boolean(place.q ?? place.level);
}

// As it stands in the file: a record of the log as time, level and message.
export function textOf(line: LogLine, whole = line.text): string {
  const head = [line.time, line.level].filter(Boolean).join(" ");
  return `${head ? `${head} ` : ""}${whole.replace(/\n$/, "")}\n`;
}

async function wholeOf(task: TaskPath, place: LogPlace, line: LogLine, signal: AbortSignal): Promise<string> {
  if (line.cut === undefined) return textOf(line);
  const parts: string[] = [];
  for (let at = line.offset; at < line.end; ) {
    const range = await readLogRange(task, place, at, Math.min(rangeBytes, line.end - at), signal);
    if (range.end <= at) break;
    parts.push(range.text);
    at = range.end;
  }
  // What a range holds of a record is its JSON, which has time and level in it.
  return line.time === undefined ? textOf(line, parts.join("")) : `${parts.join("").replace(/\n$/, "")}\n`;
}

export interface Filtered {
  blob: Blob;
  attempt: number;
  lines: number;
}

// `onShare`: how much of the file has been looked through, 0 to 1.
export async function readFiltered(
  task: TaskPath,
  place: LogPlace,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<Filtered> {
  const parts: string[] = [];
  let lines = 0;
  let cursor: string | undefined;
  let page: LogPage;
  do {
    page = await readLog(task, place, { cursor, limit: pageLines }, signal);
    const from = { ...place, attempt: page.attempt };
    for (const line of page.items ?? []) parts.push(await wholeOf(task, from, line, signal));
    lines += page.items?.length ?? 0;
    if (page.next === cursor) break;
    cursor = page.next;
    onShare(page.size > 0 ? Math.min(1, Number(cursor.split(":").at(-1)) / page.size) : 1);
  } while (!page.at_end);
  return { blob: new Blob(parts, { type: "text/plain;charset=utf-8" }), attempt: page.attempt, lines };
}
