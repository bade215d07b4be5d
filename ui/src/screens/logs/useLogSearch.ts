import { useEffect, useState } from "react";
import { searchLog, type LogLine, type LogPlace, type TaskPath } from "@/api/reading";

export interface Hits {
  hits: readonly LogLine[];
  searched: number; // bytes
  size: number;
  done: boolean;
  undecided: number; // lines that the pattern was too costly for
  error: Error | undefined;
}

const none: Hits = { hits: [], searched: 0, size: 0, done: true, undecided: 0, error: undefined };
const mostHits = 2_000;

// Searches the whole log on the server. An answer covers as much as the server's budget allows; the
// search goes on by itself from there.
export function useLogSearch(task: TaskPath, place: LogPlace, q: string | undefined, regex: boolean): Hits {
  const [state, setState] = useState<{ key: string; found: Hits }>({ key: "", found: none });
  const key = q ? JSON.stringify([task, place, q, regex]) : "";
  useEffect(() => {
    if (!q) return;
    const stop = new AbortController();
    const search = async () => {
      let found: Hits = { ...none, done: false };
      let cursor: string | undefined;
      do {
        const answer = await searchLog(task, { ...place, q, ...(regex && { regex }) }, cursor, stop.signal);
        cursor = answer.next ?? undefined;
        found = {
          hits: [...found.hits, ...(answer.hits ?? [])],
          searched: answer.searched,
          size: answer.size,
          done: cursor === undefined,
          undecided: found.undecided + (answer.undecided ?? 0),
          error: undefined,
        };
        if (stop.signal.aborted) return;
        setState({ key, found });
      } while (cursor !== undefined && found.hits.length < mostHits);
    };
    search().catch((failure: unknown) => {
      if (stop.signal.aborted) return;
      setState({ key, found: { ...none, error: failure instanceof Error ? failure : new Error(String(failure)) } });
    });
    return () => stop.abort();
  }, [task, place, q, regex, key]);
  return state.key === key ? state.found : { ...none, done: q === undefined };
}
