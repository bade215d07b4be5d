import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useRunDocuments } from "./useRun";

const everyMs = 2_000;

// Reads documents again while the files they tell of grow, as the stream says; and once more when the
// stage has ended.
export function useGrowth(stage: string, what: "metric_bytes" | "log_bytes", key: QueryKey): number {
  const { states, structure } = useRunDocuments();
  const queries = useQueryClient();
  const name = stage.replace(/\[.*/s, "");
  const at = structure?.stages.findIndex((known) => known.name === name) ?? -1;
  let size = 0;
  for (const progress of states?.progress.values() ?? []) if (progress.stage === at) size += progress[what];
  const status = states?.stages[at]?.status;
  const mark = `${status} ${size}`;
  const seen = useRef<string>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const text = JSON.stringify(key);
  useEffect(() => {
    if (at < 0) return;
    const before = seen.current;
    seen.current = mark;
    if (before === undefined || before === mark || timer.current) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      void queries.invalidateQueries({ queryKey: JSON.parse(text) as QueryKey }, { cancelRefetch: false });
    }, everyMs);
  }, [at, mark, queries, text]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return size;
}
