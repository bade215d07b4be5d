// The part of a log that the page holds: a run of lines that follow each other, and the cursors to go
// on from at both ends. However long the log is, the window stays small: what scrolls far out of
// sight is forgotten and read again when it comes back.
import type { LogLine, LogPage } from "@/api/reading";

export const pageLines = 200;
export const mostLines = 800;

export interface LogWindow {
  attempt: number;
  lines: readonly LogLine[];
  previous: string;
  next: string;
  atBegin: boolean;
  atEnd: boolean;
  size: number; // bytes of the file
  total: number | undefined; // its lines, once counted
}

export function windowOf(page: LogPage): LogWindow {
  return {
    attempt: page.attempt,
    lines: page.items ?? [],
    previous: page.previous,
    next: page.next,
    atBegin: page.at_begin,
    atEnd: page.at_end,
    size: page.size,
    total: page.lines ?? undefined,
  };
}

function cursor(attempt: number, offset: number | undefined): string | undefined {
  return offset === undefined ? undefined : `${attempt}:${offset}`;
}

// The page that was read from `next`. A line that had no end yet is in it again, whole.
export function append(before: LogWindow, page: LogPage): LogWindow {
  const news = page.items ?? [];
  const from = news[0]?.offset ?? Infinity;
  const all = [...before.lines.filter((line) => line.offset < from), ...news];
  const lines = all.slice(-mostLines);
  const forgot = lines.length < all.length;
  return {
    ...before,
    lines,
    previous: forgot ? (cursor(before.attempt, lines[0]?.offset) ?? before.previous) : before.previous,
    atBegin: before.atBegin && !forgot,
    next: page.next,
    atEnd: page.at_end,
    size: page.size,
    total: page.lines ?? before.total,
  };
}

// The page that was read backwards from `previous`.
export function prepend(before: LogWindow, page: LogPage): LogWindow {
  const first = before.lines[0]?.offset ?? Infinity;
  const all = [...(page.items ?? []).filter((line) => line.offset < first), ...before.lines];
  const lines = all.slice(0, mostLines);
  const forgot = lines.length < all.length;
  return {
    ...before,
    lines,
    previous: page.previous,
    atBegin: page.at_begin,
    next: forgot ? (cursor(before.attempt, lines.at(-1)?.end) ?? before.next) : before.next,
    atEnd: before.atEnd && !forgot,
    size: page.size,
    total: page.lines ?? before.total,
  };
}

export interface Target {
  line?: number | undefined;
  at?: number | undefined;
}

// Whether it names a line at all.
export function leads({ line, at }: Target): boolean {
  return line !== undefined || at !== undefined;
}

// Where the target stands among the lines; -1: not here.
export function placeOf(lines: readonly LogLine[], { line, at }: Target): number {
  if (line !== undefined) return lines.findIndex((one) => one.line === line);
  if (at !== undefined) return lines.findIndex((one) => one.offset <= at && at < one.end);
  return -1;
}

// How a line is named in the URL: by number once lines are counted, by byte until then.
export function targetOf(line: LogLine): Target {
  return line.line !== undefined ? { line: line.line, at: undefined } : { line: undefined, at: line.offset };
}

// The hit that comes after (or before) the one that is shown; without one, the first (or last).
export function nextHit(hits: readonly LogLine[], at: number, backwards: boolean): number {
  if (hits.length === 0) return -1;
  if (at < 0) return backwards ? hits.length - 1 : 0;
  return (at + (backwards ? -1 : 1) + hits.length) % hits.length;
}

// The first hit at or behind the byte.
export function hitFrom(hits: readonly LogLine[], offset: number): number {
  return hits.findIndex((hit) => hit.offset >= offset);
}
