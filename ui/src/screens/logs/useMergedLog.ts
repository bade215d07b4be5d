import { useCallback, useEffect, useRef, useState } from "react";
import { readRunLog, type RunLogFilter } from "@/api/reading";
import type { End } from "./ends";
import { append, around, numbering, pieceLines, prepend, windowOf, type MergedWindow } from "./merged";

const followMs = 1_000;

// An end of the log, or the place of a line.
export type Where = End | { place: string };

export interface MergedLog {
  window: MergedWindow | undefined;
  error: Error | undefined;
  opened: number; // bumped where what is shown is another place
  open: (where: Where) => void;
  more: (backwards: boolean) => void;
}

// `filter` must keep its identity while it says the same. `entry`: the place of the line that it opens at.
export function useMergedLog(run: string, filter: RunLogFilter, entry: string | undefined, follow: boolean): MergedLog {
  const [window, setWindow] = useState<MergedWindow>();
  const [error, setError] = useState<Error>();
  const [opened, setOpened] = useState(0);
  // Where it was opened last: a filter that comes afterwards does not lead elsewhere.
  const [place, setPlace] = useState<{ where: Where }>({ where: entry === undefined ? "end" : { place: entry } });
  const current = useRef<MergedWindow>(undefined);
  const abort = useRef<AbortController>(undefined);
  const busy = useRef(false);
  const number = useRef(numbering());

  const read = useCallback(
    (get: (signal: AbortSignal) => Promise<MergedWindow>, begins: boolean) => {
      if (begins) abort.current?.abort();
      else if (busy.current) return;
      const stop = begins ? new AbortController() : (abort.current ?? new AbortController());
      abort.current = stop;
      busy.current = true;
      get(stop.signal)
        .then((made) => {
          if (stop.signal.aborted) return;
          current.current = made;
          setWindow(made);
          setError(undefined);
          if (begins) setOpened((count) => count + 1);
        })
        .catch((failure: unknown) => {
          if (!stop.signal.aborted) setError(failure instanceof Error ? failure : new Error(String(failure)));
        })
        .finally(() => {
          if (!stop.signal.aborted) busy.current = false;
        });
    },
    [],
  );
  const load = useCallback(
    (where: Where) => {
      const piece = (at: { cursor?: string; backwards?: boolean }, signal: AbortSignal) => readRunLog(run, filter, { ...at, limit: pieceLines }, signal);
      read(async (signal) => {
        if (typeof where === "string" || filter.q) {
          const found = await piece({ backwards: where === "end" && !filter.q }, signal);
          return windowOf(number.current(found), found);
        }
        // A place leads to what is before it, and the end of that to the line itself.
        const before = await piece({ cursor: where.place, backwards: true }, signal);
        const first = before.items.length === 0 && before.next === where.place;
        const rest = await piece(first ? {} : { cursor: before.next }, signal);
        return around(number.current(before), before, number.current(rest), rest);
      }, true);
    },
    [read, run, filter],
  );
  const more = useCallback(
    (backwards: boolean) => {
      const before = current.current;
      if (!before) return;
      const cursor = backwards ? before.pieces[0]?.previous : before.pieces.at(-1)?.next;
      const join = backwards ? prepend : append;
      read(async (signal) => {
        const piece = await readRunLog(run, filter, { ...(cursor && { cursor }), backwards, limit: pieceLines }, signal);
        return join(before, number.current(piece), piece);
      }, false);
    },
    [read, run, filter],
  );
  const open = useCallback((where: Where) => setPlace({ where }), []);
  const [led, setLed] = useState(entry);
  // A link that is followed on the page leads there; a place that is left leads nowhere.
  if (entry !== led) {
    setLed(entry);
    if (entry !== undefined) open({ place: entry });
  }
  useEffect(() => {
    load(place.where);
    return () => abort.current?.abort();
  }, [load, place]);
  const goingOn = follow && window?.goingOn === true && window.atEnd;
  useEffect(() => {
    if (!goingOn) return;
    const timer = setInterval(() => more(false), followMs);
    return () => clearInterval(timer);
  }, [goingOn, more]);
  return { window, error, opened, open, more };
}
