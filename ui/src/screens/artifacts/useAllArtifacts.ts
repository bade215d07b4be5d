import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { artifactsQuery } from "@/api/artifacts";

// Everything that a run made, all pages of it.
export function useAllArtifacts(run: string, enabled = true) {
  const query = useInfiniteQuery({ ...artifactsQuery(run), enabled });
  const { hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  useEffect(() => {
    if (enabled && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [enabled, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.artifacts) ?? [], [query.data]);
  return { rows, error: query.error, pending: enabled && (query.isPending || hasNextPage), refetch };
}
