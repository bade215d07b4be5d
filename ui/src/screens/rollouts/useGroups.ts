import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { rolloutsQuery, type TaskPath } from "@/api/reading";
import { groupsOf, neighbour, type GroupKey } from "./group";

const mostPages = 50;

// The groups of a step and of those beside it, in the order of rows; read until the neighbours are known.
export function useGroups(task: TaskPath, here: GroupKey | undefined): GroupKey[] {
  const step = here?.step;
  const filter = useMemo(() => (step === undefined ? {} : { step_min: step - 1, step_max: step + 1 }), [step]);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery({
    ...rolloutsQuery(task, filter, "step"),
    enabled: step !== undefined,
  });
  const groups = useMemo(() => groupsOf(data?.pages.flatMap((page) => page.rollouts ?? []) ?? []), [data]);
  const known = here === undefined || neighbour(groups, here, 1) !== undefined;
  const pages = data?.pages.length ?? 0;
  useEffect(() => {
    if (!known && hasNextPage && !isFetchingNextPage && pages < mostPages) void fetchNextPage();
  }, [known, hasNextPage, isFetchingNextPage, fetchNextPage, pages]);
  return groups;
}
