// What the page reads, as options for react-query. Keys that begin with "live" are renewed after a
// reset of the stream and while it is away; the stream keeps them up to date otherwise.
import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { client, document } from "./client";
import { boundLeft } from "./left";
import { Unreachable } from "./problem";
import { filterQuery, type RunFilter } from "./runFilter";
import { readStates, type RunStates } from "./states";
import type { RunList, Structure } from "./types";

export function newQueryClient(): QueryClient {
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        // The server may well be on this machine while it is off the network.
        networkMode: "always",
        staleTime: 30_000,
        // A tab that is open for days looks at many runs, and some of their documents are megabytes.
        gcTime: 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (failures, error) => error instanceof Unreachable && failures < 2,
        retryDelay: (failures) => 500 * 2 ** failures,
      },
      mutations: { networkMode: "always" },
    },
  });
  boundLeft(queries);
  return queries;
}

const live = "live";
export const liveKey = [live] as const;
export const runsKey = [live, "runs"] as const;
// What starting, resuming or deriving a run would do.
export const planKey = ["plan"] as const;
export const runKey = (run: string) => [live, "run", run] as const;

export function runsQuery(filter: RunFilter) {
  return infiniteQueryOptions({
    queryKey: [...runsKey, filter],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<RunList> => {
      const query = { ...filterQuery(filter), limit: 100, ...(pageParam && { cursor: pageParam }) };
      const page = await document(client.GET("/api/v1/runs", { params: { query }, signal }));
      return { ...page, runs: page.runs ?? [] };
    },
    getNextPageParam: (page) => page.next_cursor,
  });
}

const path = (run: string) => ({ params: { path: { run } } });

export function runQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "get"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/runs/{run}", { ...path(run), signal })),
  });
}

const headEvery = 5_000;
const goesOn = new Set(["running", "paused", "waiting"]);

// What stands above a run, small however many stages it has. What it says of time moves on by itself.
export function headQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "head"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/runs/{run}/head", { ...path(run), signal })),
    refetchInterval: ({ state }) => (state.data && goesOn.has(state.data.status) ? headEvery : false),
  });
}

// Of the newest revision; it stays as long as that does.
export function structureQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "structure"],
    queryFn: async ({ signal }): Promise<Structure> => {
      const found = await document(client.GET("/api/v1/runs/{run}/structure", { ...path(run), signal }));
      return { ...found, stages: (found.stages ?? []).map((stage) => ({ ...stage, needs: stage.needs ?? [] })) };
    },
    staleTime: Infinity,
  });
}

export function statesQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "states"],
    queryFn: async ({ signal }): Promise<RunStates> =>
      readStates(await document(client.GET("/api/v1/runs/{run}/states", { ...path(run), signal }))),
    // Folded by the stream with its own structural sharing.
    structuralSharing: false,
  });
}

export function stageQuery(run: string, stage: string) {
  return queryOptions({
    queryKey: [...runKey(run), "stage", stage],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}", {
          params: { path: { run, stage }, query: { limit: 50 } },
          signal,
        }),
      ),
  });
}

// "STAGE[LABEL]" of a task that is known by its number.
export function taskNameQuery(run: string, stage: string, task: number) {
  return queryOptions({
    queryKey: ["task name", run, stage, task],
    queryFn: async ({ signal }) => {
      const params = { path: { run, stage }, query: { offset: task, limit: 1 } };
      const found = await document(client.GET("/api/v1/runs/{run}/stages/{stage}", { params, signal }));
      const label = found.task_list?.[0]?.label;
      return label === undefined ? stage : `${stage}[${label}]`;
    },
    staleTime: Infinity,
  });
}

export function explainQuery(run: string, stage: string) {
  return queryOptions({
    queryKey: [...runKey(run), "explain", stage],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/explain", { params: { path: { run }, query: { stage } }, signal })),
  });
}

export interface TaskFilter {
  status?: string | undefined;
  q?: string | undefined;
}

export function tasksQuery(run: string, filter: TaskFilter) {
  return infiniteQueryOptions({
    queryKey: [...runKey(run), "tasks", filter],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const page = await document(
        client.GET("/api/v1/runs/{run}/tasks", {
          params: {
            path: { run },
            query: {
              limit: 200,
              ...(filter.status && { status: filter.status }),
              ...(filter.q && { q: filter.q }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      );
      return { ...page, tasks: page.tasks ?? [] };
    },
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function timelineQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "timeline"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/runs/{run}/timeline", { ...path(run), signal })),
  });
}

// A page ends where a record does: it may hold some more.
export const eventsOfAPage = 1000;

export function eventsQuery(run: string) {
  return infiniteQueryOptions({
    queryKey: [...runKey(run), "events"],
    initialPageParam: 0,
    queryFn: async ({ pageParam, signal }) => {
      const params = { path: { run }, query: { after: pageParam, limit: eventsOfAPage } };
      const page = await document(client.GET("/api/v1/runs/{run}/events", { params, signal }));
      return { ...page, events: page.events ?? [] };
    },
    getNextPageParam: (page) => (page.events.length >= eventsOfAPage ? page.next : undefined),
  });
}

export function workflowQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "workflow"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/runs/{run}/workflow", { ...path(run), signal })),
  });
}

export function sessionQuery() {
  return queryOptions({
    queryKey: ["session"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/session", { signal })),
    staleTime: Infinity,
  });
}
