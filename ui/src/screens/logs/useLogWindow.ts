import { useCallback, useEffect, useRef, useState } from "react";
import { readLog, type LogPage, type LogPlace, type LogPosition, type TaskPath } from "@/api/reading";
import type { End } from "./ends";
import { append, leads, pageLines, placeOf, prepend, windowOf, type LogWindow, type Target } from "./window";

const countingMs = 300;
const followMs = 1_000;

export interface Log {
  window: LogWindow | undefined;
  page: LogPage | undefined; // the newest answer
  counting: boolean; // the line that was asked for is not found yet
  error: Error | undefined;
  // Bumped with each opening: what is shown is another place.
  opened: number;
  open: (target: Target | End) => void;
  more: (backwards: boolean) => void;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}

// A window into an attempt's log. `place` must keep its identity while it says the same; another one
// opens the log anew.
export function useLogWindow(task: TaskPath, place: LogPlace, target: Target, follow: boolean): Log {
  const [window, setWindow] = useState<LogWindow>();
  const [page, setPage] = useState<LogPage>();
  const [counting, setCounting] = useState(false);
  const [error, setError] = useState<Error>();
  const [opened, setOpened] = useState(0);
  const abort = useRef<AbortController>(undefined);
  const busy = useRef(false);
  const current = useRef<LogWindow>(undefined);
  // Where another place of reading opens: at what a link names first, then at the end that was asked for last.
  const begins = useRef<Target | End>(leads(target) ? target : "end");

  const take = useCallback((next: LogWindow, answer: LogPage) => {
    current.current = next;
    setWindow(next);
    setPage(answer);
    setError(undefined);
  }, []);

  const open = useCallback(
    (where: Target | End) => {
      abort.current?.abort();
      const stop = new AbortController();
      abort.current = stop;
      busy.current = true;
      begins.current = typeof where === "string" ? where : "end";
      const read = (at: LogPosition) => readLog(task, place, { limit: pageLines, ...at }, stop.signal);
      const load = async () => {
        if (where === "begin") return read({});
        if (where === "end") return read({ backwards: true });
        const attempt = place.attempt ?? current.current?.attempt ?? 1;
        const at = where.line !== undefined ? { line: where.line } : { cursor: `${attempt}:${where.at ?? 0}` };
        let ahead = await read(at);
        while (ahead.counting && !stop.signal.aborted) {
          setCounting(true);
          await pause(countingMs, stop.signal);
          if (!stop.signal.aborted) ahead = await read(at);
        }
        return ahead;
      };
      load()
        .then(async (answer) => {
          let next = windowOf(answer);
          // A little of what stands before it, so that the line is not the first one in sight.
          if (typeof where === "object" && !next.atBegin) next = prepend(next, await read({ cursor: next.previous, backwards: true }));
          if (stop.signal.aborted) return;
          take(next, answer);
          setOpened((count) => count + 1);
        })
        .catch((failure: unknown) => {
          if (!stop.signal.aborted) setError(failure instanceof Error ? failure : new Error(String(failure)));
        })
        .finally(() => {
          if (abort.current !== stop) return;
          busy.current = false;
          setCounting(false);
        });
    },
    [task, place, take],
  );

  const more = useCallback(
    (backwards: boolean) => {
      const before = current.current;
      if (!before || busy.current) return;
      busy.current = true;
      const { signal } = (abort.current ??= new AbortController());
      readLog(task, place, { cursor: backwards ? before.previous : before.next, backwards, limit: pageLines }, signal)
        .then((answer) => {
          if (signal.aborted || current.current !== before) return;
          if (answer.shortened) return open("end");
          // Where the newest attempt is followed, and another one has begun.
          const newest = answer.attempts?.at(-1) ?? before.attempt;
          if (!backwards && place.attempt === undefined && answer.at_end && newest > before.attempt) return open("end");
          take(backwards ? prepend(before, answer) : append(before, answer), answer);
        })
        .catch((failure: unknown) => {
          if (!signal.aborted) setError(failure instanceof Error ? failure : new Error(String(failure)));
        })
        .finally(() => {
          if (!signal.aborted) busy.current = false;
        });
    },
    [task, place, take, open],
  );

  useEffect(() => {
    open(begins.current);
    return () => abort.current?.abort();
  }, [open]);

  // A line that a link or a search leads to, and that is not here.
  const { line, at } = target;
  useEffect(() => {
    const lines = current.current?.lines;
    if (lines && leads({ line, at }) && placeOf(lines, { line, at }) < 0) open({ line, at });
  }, [line, at, open]);

  const goingOn = follow && page?.going_on === true && window?.atEnd === true;
  useEffect(() => {
    if (!goingOn) return;
    const timer = setInterval(() => more(false), followMs);
    return () => clearInterval(timer);
  }, [goingOn, more]);

  return { window, page, counting, error, opened, open, more };
}
