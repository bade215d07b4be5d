import { useCallback, useEffect, useRef, useState } from "react";
import { readRunLog, type RunLogFilter, type RunLogPiece } from "@/api/reading";
import { append, numbering, pieceLines, prepend, windowOf, type MergedWindow } from "./merged";

const followMs = 1_000;

export interface MergedLog {
  window: MergedWindow | undefined;
  error: Error | undefined;
  opened: number; // bumped where what is shown is another place
  open: (where: "begin" | "end") => void;
  more: (backwards: boolean) => void;
}

// `filter` must keep its identity while it says the same.
export function useMergedLog(run: string, filter: RunLogFilter, follow: boolean): MergedLog {
  const [window, setWindow] = useState<MergedWindow>();
  const [error, setError] = useState<Error>();
  const [opened, setOpened] = useState(0);
  const current = useRef<MergedWindow>(undefined);
  const abort = useRef<AbortController>(undefined);
  const busy = useRef(false);
  const number = useRef(numbering());

  const read = useCallback(
    (at: { cursor?: string; backwards?: boolean }, take: (piece: RunLogPiece) => MergedWindow, begins: boolean) => {
      if (begins) abort.current?.abort();
      else if (busy.current) return;
      const stop = begins ? new AbortController() : (abort.current ?? new AbortController());
      abort.current = stop;
      busy.current = true;
      readRunLog(run, filter, { ...at, limit: pieceLines }, stop.signal)
        .then((piece) => {
          if (stop.signal.aborted) return;
          current.current = take(piece);
          setWindow(current.current);
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
    [run, filter],
  );
  const open = useCallback(
    (where: "begin" | "end") => read({ backwards: where === "end" && !filter.q }, (piece) => windowOf(number.current(piece), piece), true),
    [read, filter],
  );
  const more = useCallback(
    (backwards: boolean) => {
      const before = current.current;
      if (!before) return;
      const cursor = backwards ? before.pieces[0]?.previous : before.pieces.at(-1)?.next;
      const join = backwards ? prepend : append;
      read({ ...(cursor && { cursor }), backwards }, (piece) => join(before, number.current(piece), piece), false);
    },
    [read],
  );
  useEffect(() => {
    open("end");
    return () => abort.current?.abort();
  }, [open]);
  const goingOn = follow && window?.goingOn === true && window.atEnd;
  useEffect(() => {
    if (!goingOn) return;
    const timer = setInterval(() => more(false), followMs);
    return () => clearInterval(timer);
  }, [goingOn, more]);
  return { window, error, opened, open, more };
}
