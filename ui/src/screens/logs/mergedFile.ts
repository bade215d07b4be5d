// The log of all tasks as a file, or what a filter leaves of it: read from the server page by page.
import { readLogRange, readRunLogPage, type RunLogFilter, type RunLogLine } from "@/api/reading";

const pageLines = 1_000;
const rangeBytes = 1 << 20;

const headOf = ({ time, level, task, attempt }: RunLogLine) => [time, level, `${task}#${attempt}`].filter(Boolean).join(" ");

// "TIME LEVEL TASK#ATTEMPT text"
export function mergedText(line: RunLogLine, whole = line.text): string {
  return `${headOf(line)} ${whole.replace(/\n$/, "")}\n`;
}

async function wholeOf(run: string, line: RunLogLine, signal: AbortSignal): Promise<string> {
  // The file of a task that was begun anew since is another: its long lines are told as cut.
  if (line.cut === undefined || line.earlier) return mergedText(line, line.cut === undefined ? line.text : `${line.text} … ${line.cut} bytes in all`);
  const parts: string[] = [];
  for (let at = line.offset; at < line.end; ) {
    const range = await readLogRange({ run, stage: line.task }, { attempt: line.attempt }, at, Math.min(rangeBytes, line.end - at), signal);
    if (range.end <= at) break;
    parts.push(range.text);
    at = range.end;
  }
  return mergedText(line, parts.join(""));
}

export async function readMerged(run: string, filter: RunLogFilter, signal: AbortSignal, onLines: (lines: number) => void): Promise<{ blob: Blob; lines: number }> {
  const parts: string[] = [];
  let lines = 0;
  let cursor: string | undefined;
  for (;;) {
    const page = await readRunLogPage(run, filter, { cursor, limit: pageLines }, signal);
    for (const line of page.items ?? []) parts.push(await wholeOf(run, line, signal));
    lines += page.items?.length ?? 0;
    onLines(lines);
    if (page.at_end || page.next === cursor || page.next === "") break;
    cursor = page.next;
  }
  return { blob: new Blob(parts, { type: "text/plain;charset=utf-8" }), lines };
}
