// Artifacts, their files and records, and where they come from, as options for react-query. What a
// digest names never changes.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, document } from "./client";
import { runKey } from "./queries";
import type { components } from "./schema";

export type RecordItem = components["schemas"]["Record"];

const never = { staleTime: Infinity, retry: false } as const;

// "STAGE.OUTPUT" or "STAGE[LABEL].OUTPUT", as URLs and workflows name what a stage made.
export interface At {
  task: string;
  output: string;
}

export function artifactsQuery(run: string) {
  return infiniteQueryOptions({
    queryKey: [...runKey(run), "artifacts"],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 500, ...(pageParam && { cursor: pageParam }) };
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

// What an artifact is, with the names of its files, page by page.
export function filesQuery(digest: string) {
  return infiniteQueryOptions({
    queryKey: ["files", digest],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 1000, ...(pageParam && { after: pageParam }) };
      const page = await document(client.GET("/api/v1/artifacts/{digest}", { params: { path: { digest }, query }, signal }));
      return { ...page, files: page.files ?? [] };
    },
    getNextPageParam: (page) => page.next ?? undefined,
    ...never,
  });
}

export interface RecordFilter {
  file?: string | undefined;
  q?: string | undefined;
  regex?: boolean | undefined;
  where?: string[] | undefined; // MEMBER=VALUE
}

type Said<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

// Without what says nothing: the server refuses empty parameters.
function said<T extends object>(query: T): Said<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== "")) as Said<T>;
}

export function recordsQuery(digest: string, filter: RecordFilter) {
  const { regex, ...rest } = filter;
  const given = said({ ...rest, ...(rest.q && regex && { regex }) });
  return infiniteQueryOptions({
    queryKey: ["records", digest, given],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = said({ ...given, cursor: pageParam, limit: 100 });
      const page = await document(client.GET("/api/v1/artifacts/{digest}/records", { params: { path: { digest }, query }, signal }));
      return { ...page, records: page.records ?? [] };
    },
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.at(-1)?.counting ? 400 : false),
    ...never,
  });
}

// How many records a file has; null while the server counts them.
export function recordCountQuery(digest: string, file: string | undefined) {
  return queryOptions({
    queryKey: ["record count", digest, file],
    queryFn: async ({ signal }) => {
      const params = { path: { digest }, query: said({ file, limit: 1 }) };
      return (await document(client.GET("/api/v1/artifacts/{digest}/records", { params, signal }))).lines;
    },
    refetchInterval: ({ state }) => (state.data === null ? 400 : false),
    ...never,
  });
}

// Which record: by the byte at which it begins, by its member "id", or by its number.
export interface RecordKey {
  record?: number | undefined;
  id?: string | undefined;
  number?: number | undefined;
}

export type RecordPlace = { at: "byte"; offset: number } | { at: "nowhere" } | { at: "counting" };

// Where a record begins. Looking for an id goes on until the whole file is searched.
export function recordPlaceQuery(digest: string, file: string | undefined, { id, number }: RecordKey) {
  return queryOptions({
    queryKey: ["record place", digest, file, id, number],
    queryFn: async ({ signal }): Promise<RecordPlace> => {
      let cursor: string | undefined;
      for (;;) {
        const query = said({ file, id, number, cursor, limit: 1 });
        const page = await document(client.GET("/api/v1/artifacts/{digest}/records", { params: { path: { digest }, query }, signal }));
        const found = page.records?.[0];
        if (found) return { at: "byte", offset: found.offset };
        if (page.counting) return { at: "counting" };
        if (!page.next) return { at: "nowhere" };
        cursor = page.next;
      }
    },
    refetchInterval: ({ state }) => (state.data?.at === "counting" ? 400 : false),
    ...never,
  });
}

// All of one record, however long its texts are.
export function recordQuery(digest: string, file: string | undefined, offset: number) {
  return queryOptions({
    queryKey: ["record", digest, file, offset],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/artifacts/{digest}/records/{offset}", { params: { path: { digest, offset }, query: said({ file }) }, signal })),
    ...never,
  });
}

// The first rows as the artifact's kind shows them; kinds without a way to do so have none.
export function previewQuery(digest: string, kind: string) {
  return queryOptions({
    queryKey: ["preview", digest, kind],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/artifacts/{digest}/preview", { params: { path: { digest }, query: { kind, rows: 50 } }, signal })),
    ...never,
  });
}

// Some bytes of a file, those that it has of them.
export async function readBytes(digest: string, file: string | undefined, from: number, count: number, signal?: AbortSignal): Promise<Uint8Array> {
  const answer = client.GET("/api/v1/artifacts/{digest}/content", {
    params: { path: { digest }, query: said({ file }) },
    headers: { Range: `bytes=${from}-${from + count - 1}` },
    parseAs: "arrayBuffer",
    ...(signal && { signal }),
  });
  return new Uint8Array(await document<ArrayBuffer>(answer as Promise<{ data?: ArrayBuffer }>));
}

export function beginningQuery(digest: string, file: string | undefined, count: number) {
  return queryOptions({
    queryKey: ["beginning", digest, file, count],
    queryFn: ({ signal }) => readBytes(digest, file, 0, count, signal),
    ...never,
  });
}

// A file of JSON, whole.
export function jsonQuery(digest: string, file?: string) {
  return queryOptions({
    queryKey: ["json", digest, file],
    queryFn: ({ signal }) =>
      document<unknown>(
        client.GET("/api/v1/artifacts/{digest}/content", { params: { path: { digest }, query: said({ file }) }, parseAs: "json", signal }),
      ),
    ...never,
  });
}

// The address of the bytes, for a link that downloads.
export function contentUrl(digest: string, file?: string): string {
  return `/api/v1/artifacts/${encodeURIComponent(digest)}/content${file ? `?file=${encodeURIComponent(file)}` : ""}`;
}
