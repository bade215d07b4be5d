// The list of runs as it is held, a page after the other, and the fold of rows that changed.
import { runMatches, type RunFilter } from "./runFilter";
import type { RunList, RunRow, RunsChanged } from "./types";

export interface RunPages {
  pages: RunList[];
  pageParams: unknown[];
}

// Rows that no longer match go, new ones that do come first; all others keep identity and place. Ids
// grow with time.
export function foldRuns(before: RunPages, filter: RunFilter, changes: readonly RunsChanged[]): RunPages {
  const news = new Map<string, RunRow | undefined>();
  for (const change of changes) {
    for (const row of change.runs ?? []) news.set(row.id, row);
    for (const id of change.deleted ?? []) news.set(id, undefined);
  }
  if (news.size === 0) return before;
  const pages = before.pages.map((page) => foldPage(page, filter, news));
  const first = pages[0];
  const arrived = [...news.values()].filter((row) => row !== undefined && runMatches(filter, row)) as RunRow[];
  if (first && arrived.length > 0) {
    const newest = first.runs[0]?.id ?? "";
    const fresh = arrived.filter((row) => row.id > newest || first.next_cursor === undefined);
    const runs = [...fresh, ...first.runs].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    if (fresh.length > 0) pages[0] = { ...first, runs };
  }
  return pages.every((page, at) => page === before.pages[at]) ? before : { ...before, pages };
}

// Takes what it found out of `news`.
function foldPage(page: RunList, filter: RunFilter, news: Map<string, RunRow | undefined>): RunList {
  if (!page.runs.some((row) => news.has(row.id))) return page;
  const runs = page.runs.flatMap((row) => {
    if (!news.has(row.id)) return [row];
    const next = news.get(row.id);
    news.delete(row.id);
    return next && runMatches(filter, next) ? [next] : [];
  });
  return { ...page, runs };
}
