import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, document } from "@/api/client";
import { runKey } from "@/api/queries";
import type { At } from "./place";

export function artifactsQuery(run: string) {
  return infiniteQueryOptions({
    queryKey: [...runKey(run), "artifacts"],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 200, ...(pageParam && { cursor: pageParam }) };
      const page = await document(client.GET("/api/v1/runs/{run}/artifacts", { params: { path: { run }, query }, signal }));
      return { ...page, artifacts: page.artifacts ?? [] };
    },
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function lineageQuery(run: string, { task, output }: At) {
  return queryOptions({
    queryKey: [...runKey(run), "lineage", task, output],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/lineage", { params: { path: { run }, query: { stage: task, output } }, signal })),
    retry: false,
  });
}

// What a digest names never changes.
export function artifactQuery(digest: string) {
  return queryOptions({
    queryKey: ["artifact", digest],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/artifacts/{digest}", { params: { path: { digest }, query: { limit: 1000 } }, signal })),
    staleTime: Infinity,
  });
}

export interface RecordFilter {
  file?: string | undefined;
  id?: string | undefined;
  number?: number | undefined;
  where?: string[] | undefined;
  q?: string | undefined;
}

export function recordsQuery(digest: string, filter: RecordFilter) {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as RecordFilter;
  return infiniteQueryOptions({
    queryKey: ["records", digest, given],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const one = given.id !== undefined || given.number !== undefined;
      const query = { ...given, limit: one ? 1 : 100, ...(pageParam && { cursor: pageParam }) };
      const page = await document(
        client.GET("/api/v1/artifacts/{digest}/records", { params: { path: { digest }, query: query as { limit: number } }, signal }),
      );
      return { ...page, records: page.records ?? [] };
    },
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: Infinity,
    retry: false,
  });
}

export function previewQuery(digest: string, kind: string) {
  return queryOptions({
    queryKey: ["preview", digest, kind],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/artifacts/{digest}/preview", { params: { path: { digest }, query: { kind, rows: 50 } }, signal })),
    staleTime: Infinity,
    retry: false,
  });
}

export function contentUrl(digest: string, file?: string): string {
  const query = file ? `?${new URLSearchParams({ file }).toString()}` : "";
  return `/api/v1/artifacts/${encodeURIComponent(digest)}/content${query}`;
}
