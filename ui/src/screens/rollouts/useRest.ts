import { useInfiniteQuery } from "@tanstack/react-query";
import { client, document } from "@/api/client";
import { runKey } from "@/api/queries";
import type { TaskPath } from "@/api/reading";

const before = 2_000; // bytes shown ahead of what a search found

// A response that may be longer than one answer holds: from its beginning, or from a little before the
// byte that is looked for, and on from there.
export function useRest(task: TaskPath, row: number, first: string, bytes: number, byte: number | undefined) {
  const encoded = new TextEncoder().encode(first).length;
  const from = byte === undefined || byte < encoded ? 0 : Math.max(0, byte - before);
  const begins = from === 0 ? encoded : from;
  const { data, fetchNextPage, hasNextPage, isFetching } = useInfiniteQuery({
    queryKey: [...runKey(task.run), "rollouts", task.stage, "text", row, begins],
    initialPageParam: begins,
    queryFn: async ({ pageParam, signal }) => {
      const path = { ...task, row };
      const query = { text_from: pageParam, token_limit: 1 };
      const answer = await document(client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/{row}", { params: { path, query }, signal }));
      const text = answer.rollout?.response ?? "";
      const start = answer.response_from;
      return { text, start, next: start + new TextEncoder().encode(text).length };
    },
    getNextPageParam: (page) => (page.next < bytes && page.text !== "" ? page.next : undefined),
    enabled: from > 0,
  });
  const pages = data?.pages ?? [];
  const text = (from === 0 ? first : "") + pages.map((page) => page.text).join("");
  const start = from === 0 ? 0 : (pages[0]?.start ?? from);
  const end = pages.at(-1)?.next ?? encoded;
  return {
    text,
    from: start,
    left: Math.max(0, bytes - end),
    busy: isFetching,
    more: () => void fetchNextPage(),
    hasMore: hasNextPage || end < bytes,
  };
}
