import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { eventsQuery, runQuery } from "@/api/queries";
import { checkpointsQuery } from "@/api/reading";
import type { JournalEvent, Run } from "@/api/types";
import type { Mark } from "./Chart";
import type { PanelSource } from "./Panel";
import type { Source } from "./model";

const mostPages = 5; // of the journal, 1,000 events each

interface Alarm {
  step: number;
  metric: string;
  value: number;
}

// What a watchdog said when it ended an attempt.
export function alarmsOf(events: readonly JournalEvent[], stages: ReadonlySet<string>): Mark[] {
  return events.flatMap((event) => {
    const { alarm } = event as JournalEvent & { alarm?: Alarm };
    if (!alarm || typeof alarm.step !== "number") return [];
    if (!stages.has(event.task ?? "") && !stages.has(event.stage ?? "")) return [];
    return [{ step: alarm.step, kind: "alarm", text: `watchdog: ${alarm.metric} was ${alarm.value} at step ${alarm.step}` } as const];
  });
}

// A fork has the values of its origin up to the step that it forked at: its own begin behind it.
export function forkStep(run: Run | undefined, stage: string): number {
  const { origin } = run ?? {};
  return origin?.how === "fork" && origin.stage === stage.replace(/\[.*/s, "") ? origin.step : -Infinity;
}

export function useMarks(run: string, sources: readonly Source[]): { marks: Mark[]; sources: PanelSource[] } {
  const key = sources.map((source) => source.key).join("\n");
  const checkpoints = useQueries({ queries: sources.map((source) => checkpointsQuery(source)) });
  const others = useQueries({ queries: sources.map((source) => runQuery(source.run)) });
  const events = useInfiniteQuery(eventsQuery(run));
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = events;
  const pages = events.data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && pages < mostPages) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage, pages]);

  const stamp = [...checkpoints, ...others].map((answer) => answer.dataUpdatedAt).join();
  return useMemo(() => {
    const stages = new Set(sources.filter((source) => source.run === run).map((source) => source.stage));
    const saved = checkpoints.flatMap((answer, at) =>
      (answer.data?.checkpoints ?? []).map(
        (checkpoint): Mark => ({
          step: checkpoint.step,
          kind: "checkpoint",
          text: `checkpoint of ${sources[at]?.key ?? ""} at step ${checkpoint.step}${checkpoint.status === "damaged" ? ", damaged" : ""}`,
        }),
      ),
    );
    const placed = sources.map((source, at) => ({ ...source, after: forkStep(others[at]?.data, source.stage) }));
    // Alone, a fork is shown from its beginning; beside its origin, from where it is another.
    const several = placed.length > 1;
    const forks = placed
      .filter(({ after }) => after > -Infinity)
      .map(({ key: name, after }): Mark => ({ step: after, kind: "fork", text: `${name} forks at step ${after}` }));
    return {
      marks: [...saved, ...alarmsOf(events.data?.pages.flatMap((page) => page.events) ?? [], stages), ...forks],
      sources: placed.map((source) => ({ ...source, after: several ? source.after : -Infinity })),
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, stamp, events.data, run]);
}
