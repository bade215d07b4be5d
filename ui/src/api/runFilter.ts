// The filters of the list of runs: one grammar for the search box, the page's URL and the server.
//
//   status=failed,running  status=!succeeded  name=N  workflow=FILE  label=KEY=VALUE
//   created_after=2026-11-01  created_before=2026-11-26T12:00:00Z  and any other words
import type { RunRow } from "./types";

export interface RunFilter {
  status?: string | undefined;
  name?: string | undefined;
  workflow?: string | undefined;
  label?: string[] | undefined;
  created_after?: string | undefined;
  created_before?: string | undefined;
  q?: string | undefined;
}

type RunQuery = { [K in keyof RunFilter]: NonNullable<RunFilter[K]> };

const single = ["status", "name", "workflow", "created_after", "created_before"] as const;
export const filterKeys: readonly string[] = [...single, "label"];
export const runStatuses = [
  "pending",
  "running",
  "paused",
  "waiting",
  "succeeded",
  "failed",
  "cancelled",
  "interrupted",
] as const;

export interface ParsedFilter {
  filter: RunFilter;
  problems: string[];
}

// Words, with "…" around those that hold spaces.
function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map((match) => match[0].replaceAll('"', ""));
}

export function parseFilter(text: string): ParsedFilter {
  const filter: RunFilter = {};
  const problems: string[] = [];
  const free: string[] = [];
  for (const word of words(text)) {
    const equals = word.indexOf("=");
    const key = equals > 0 ? word.slice(0, equals) : "";
    const value = word.slice(equals + 1);
    if (!/^[a-z_]+$/.test(key)) free.push(word);
    else if (!filterKeys.includes(key)) problems.push(unknownKey(key));
    else problems.push(...take(filter, key, value));
  }
  if (free.length > 0) filter.q = free.join(" ");
  return { filter, problems };
}

function take(filter: RunFilter, key: string, value: string): string[] {
  if (value === "") return [`${key}= needs a value`];
  if (key === "label") {
    if (!/^[^=]+=./.test(value)) return [`a label is KEY=VALUE, not "${value}"`];
    filter.label = [...(filter.label ?? []), value];
    return [];
  }
  filter[key as (typeof single)[number]] = value;
  if (key === "status") return statusProblems(value);
  if (key.startsWith("created_") && Number.isNaN(Date.parse(value)))
    return [`"${value}" is no time; write 2026-11-26 or 2026-11-26T12:00:00Z`];
  return [];
}

function statusProblems(value: string): string[] {
  return value
    .replace(/^!/, "")
    .split(",")
    .filter((status) => !(runStatuses as readonly string[]).includes(status))
    .map((status) => `"${status}" is no status; there are ${runStatuses.join(", ")}`);
}

function unknownKey(key: string): string {
  const near = filterKeys.find((known) => known.startsWith(key.slice(0, 3)));
  return near ? `"${key}" is no filter; did you mean ${near}?` : `"${key}" is no filter; there are ${filterKeys.join(", ")}`;
}

const quoted = (word: string) => (/\s/.test(word) ? `"${word}"` : word);

export function formatFilter(filter: RunFilter): string {
  const parts = single.flatMap((key) => (filter[key] ? [`${key}=${quoted(filter[key])}`] : []));
  parts.push(...(filter.label ?? []).map((label) => `label=${quoted(label)}`));
  if (filter.q) parts.push(filter.q);
  return parts.join(" ");
}

// As the server reads it: times with a zone.
export function filterQuery(filter: RunFilter): RunQuery {
  const query: RunQuery = {};
  for (const key of single) {
    const value = filter[key];
    if (!value) continue;
    query[key] = key.startsWith("created_") ? new Date(value).toISOString() : value;
  }
  if (filter.label?.length) query.label = filter.label;
  if (filter.q) query.q = filter.q;
  return query;
}

export function statusMatches(wanted: string | undefined, status: string): boolean {
  if (!wanted) return true;
  const without = wanted.startsWith("!");
  return (without ? wanted.slice(1) : wanted).split(",").includes(status) !== without;
}

// Whether a row that changed still belongs to the list.
export function runMatches(filter: RunFilter, row: RunRow): boolean {
  const labels = Object.entries(row.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const q = filter.q?.toLowerCase();
  return (
    statusMatches(filter.status, row.status) &&
    (!filter.name || row.name === filter.name) &&
    (!filter.workflow || row.workflow === filter.workflow) &&
    (filter.label ?? []).every((label) => labels.includes(label)) &&
    (!filter.created_after || Date.parse(row.created_at) >= Date.parse(filter.created_after)) &&
    (!filter.created_before || Date.parse(row.created_at) < Date.parse(filter.created_before)) &&
    (!q || [row.name, row.id, ...labels].some((text) => text.toLowerCase().includes(q)))
  );
}
