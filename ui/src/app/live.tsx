import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { Live } from "@/api/live";
import type { Link } from "@/api/stream";

const LiveContext = createContext<Live | undefined>(undefined);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const live = useMemo(() => new Live(queries), [queries]);
  useEffect(() => {
    const back = () => live.retryNow();
    window.addEventListener("online", back);
    return () => {
      window.removeEventListener("online", back);
      live.stop();
    };
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("LiveProvider is missing");
  return live;
}

// What the screen that is shown wants to hear of. One screen at a time asks: the tab has one stream.
export function useWatch(run: string, topics: readonly string[]): void {
  const live = useLive();
  const names = topics.join(",");
  useEffect(() => live.watch({ run, topics: names.split(",") }), [live, run, names]);
}

// Screens that ask for nothing hear of the runs: so the bar can say when the server is away.
export function useWatchAll(wanted: boolean): void {
  const live = useLive();
  useEffect(() => {
    if (wanted) live.watch({ run: "", topics: ["runs"] });
  }, [live, wanted]);
}

export function useLink(): Link {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, () => live.link);
}
