// What tasks wrote, as options for react-query: metrics, logs, rollouts. An answer that is
// still "counting" is asked for again.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, document } from "./client";
import { runKey } from "./queries";
import type { components, operations } from "./schema";

type Schemas = components["schemas"];
export type MetricInfo = Schemas["MetricInfo"];
export type Series = Schemas["Series"];
export type Checkpoint = Schemas["Checkpoint"];
export type LogPage = Schemas["LogPage"];
export type LogLine = Schemas["LogLine"];
export type LogHits = Schemas["LogHits"];
export type RolloutRow = Schemas["RolloutRow"];
export type RolloutBody = Schemas["RolloutBody"];
export type RolloutStep = Schemas["RolloutStep"];
export type RolloutGroup = Schemas["RolloutGroup"];
export type TokenData = Schemas["TokenData"];
export type LogSource = "log" | "output";
export type RolloutSort = NonNullable<NonNullable<operations["ListRollouts"]["parameters"]["query"]>["sort"]>;

export interface TaskPath {
  run: string;
  stage: string; // STAGE or STAGE[LABEL]
}

const againMs = 400;
interface Counted {
  counting?: unknown;
}
const whileCounting = (query: { state: { data?: Counted | undefined } }) =>
  query.state.data?.counting ? againMs : (false as const);

// Left out where it says nothing: the server refuses empty parameters.
type Said<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
function said<T extends object>(query: T): Said<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== "")) as Said<T>;
}

export const metricsKey = (task: TaskPath) => [...runKey(task.run), "metrics", task.stage] as const;

export function metricsQuery(task: TaskPath) {
  return queryOptions({
    queryKey: [...metricsKey(task), "names"],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/stages/{stage}/metrics", { params: { path: { ...task } }, signal })),
    refetchInterval: whileCounting,
  });
}

export interface StepRange {
  from: number;
  to: number;
}

export function seriesQuery(task: TaskPath, name: string, range: StepRange | undefined, width: number) {
  return queryOptions({
    queryKey: [...metricsKey(task), "series", name, range ?? null, width],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/series", {
          params: { path: { ...task }, query: { name: [name], width, ...range } },
          signal,
        }),
      ),
    refetchInterval: whileCounting,
    placeholderData: keepPreviousData,
  });
}

export function checkpointsQuery(task: TaskPath) {
  return queryOptions({
    queryKey: [...metricsKey(task), "checkpoints"],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/stages/{stage}/checkpoints", { params: { path: { ...task } }, signal })),
  });
}

// What a stage type says of itself.
export interface Declaration {
  metrics?: { name: string; unit?: string; doc?: string; runtime?: boolean }[];
  outputs?: { name: string; kind: string; doc?: string }[];
}

export function declarationQuery(type: string) {
  return queryOptions({
    queryKey: ["declaration", type],
    queryFn: async ({ signal }): Promise<Declaration> => {
      const path = { stage_type: type };
      const plugin = await document(client.GET("/api/v1/plugins/{stage_type}", { params: { path }, signal }));
      return (plugin.declaration ?? {}) as Declaration;
    },
    staleTime: Infinity,
    enabled: type !== "",
  });
}

export interface LogPlace {
  attempt?: number | undefined;
  source?: LogSource | undefined;
  level?: string | undefined;
  q?: string | undefined;
  regex?: boolean | undefined;
}

export interface LogPosition {
  cursor?: string | undefined;
  line?: number | undefined;
  backwards?: boolean | undefined;
  limit?: number | undefined;
}

export function readLog(task: TaskPath, place: LogPlace, at: LogPosition, signal?: AbortSignal): Promise<LogPage> {
  const query = said({ ...place, ...at });
  return document(
    client.GET("/api/v1/runs/{run}/stages/{stage}/log", { params: { path: { ...task }, query }, ...(signal && { signal }) }),
  );
}

export function searchLog(
  task: TaskPath,
  place: LogPlace & { q: string },
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<LogHits> {
  const query = { ...said({ ...place, cursor, limit: 200 }), q: place.q };
  return document(
    client.GET("/api/v1/runs/{run}/stages/{stage}/log/search", { params: { path: { ...task }, query }, signal }),
  );
}

export function readLogRange(task: TaskPath, place: LogPlace, offset: number, bytes: number, signal?: AbortSignal) {
  const query = { ...said({ attempt: place.attempt, source: place.source }), offset, bytes };
  return document(
    client.GET("/api/v1/runs/{run}/stages/{stage}/log/range", {
      params: { path: { ...task }, query },
      ...(signal && { signal }),
    }),
  );
}

export type RunLogLine = Schemas["RunLogLine"];

// A piece of the log of all tasks, read or searched; cursors lead on at both ends.
export interface RunLogPiece {
  items: RunLogLine[];
  previous: string;
  next: string;
  atBegin: boolean;
  atEnd: boolean;
  goingOn: boolean;
  leftOut: number; // logs
}

export interface RunLogFilter {
  level?: string | undefined;
  q?: string | undefined;
  regex?: boolean | undefined;
}

export async function readRunLog(
  run: string,
  filter: RunLogFilter,
  at: { cursor?: string | undefined; backwards?: boolean | undefined; limit: number },
  signal: AbortSignal,
): Promise<RunLogPiece> {
  const path = { run };
  const { q } = filter;
  if (q) {
    // Hits come from the beginning on, each with its places in the line.
    const query = { ...said({ ...filter, cursor: at.cursor, limit: at.limit }), q };
    const found = await document(client.GET("/api/v1/runs/{run}/log/search", { params: { path, query }, signal }));
    const next = found.next ?? "";
    return { items: found.hits ?? [], previous: "", next, atBegin: true, atEnd: next === "", goingOn: false, leftOut: found.left_out ?? 0 };
  }
  const query = said({ level: filter.level, ...at });
  const page = await document(client.GET("/api/v1/runs/{run}/log", { params: { path, query }, signal }));
  return {
    items: page.items ?? [],
    previous: page.previous,
    next: page.next,
    atBegin: page.at_begin,
    atEnd: page.at_end,
    goingOn: page.going_on,
    leftOut: page.left_out ?? 0,
  };
}

// The lines that a filter leaves of it, a search's text being one of it.
export function readRunLogPage(run: string, filter: RunLogFilter, at: { cursor?: string | undefined; limit: number }, signal: AbortSignal) {
  return document(client.GET("/api/v1/runs/{run}/log", { params: { path: { run }, query: said({ ...filter, ...at }) }, signal }));
}

export interface RolloutFilter {
  step_min?: number | undefined;
  step_max?: number | undefined;
  task?: string | undefined;
  sample?: string | undefined;
  reward_min?: number | undefined;
  reward_max?: number | undefined;
  advantage?: "negative" | "zero" | "positive" | undefined;
  truncated?: boolean | undefined;
  dropped?: boolean | undefined;
  with_tokens?: boolean | undefined;
  answered?: boolean | undefined;
}

const rolloutKey = (task: TaskPath) => [...runKey(task.run), "rollouts", task.stage] as const;

export function rolloutsQuery(task: TaskPath, filter: RolloutFilter, sort: RolloutSort | undefined) {
  return infiniteQueryOptions({
    queryKey: [...rolloutKey(task), "list", filter, sort],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts", {
          params: { path: { ...task }, query: said({ ...filter, sort, cursor: pageParam, limit: 200 }) },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function rolloutStepsQuery(task: TaskPath, most: number) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "steps", most],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/steps", {
          params: { path: { ...task }, query: { most } },
          signal,
        }),
      ),
  });
}

export function rolloutGroupQuery(task: TaskPath, step: number, sample: string) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "group", step, sample],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/group", {
          params: { path: { ...task }, query: { step, sample } },
          signal,
        }),
      ),
  });
}

export function rolloutQuery(task: TaskPath, row: number, textFrom = 0) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "one", row, textFrom],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/{row}", {
          params: { path: { ...task, row }, query: { text_from: textFrom, token_limit: 1 } },
          signal,
        }),
      ),
  });
}

export function tokensQuery(task: TaskPath, row: number, from: number, count: number) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "tokens", row, from, count],
    queryFn: async ({ signal }) => {
      const answer = await document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/{row}", {
          params: { path: { ...task, row }, query: { token_from: from, token_limit: count } },
          signal,
        }),
      );
      return answer.tokens;
    },
  });
}

// The token that holds a byte of the response; null where there is none.
export function tokenAtByteQuery(task: TaskPath, row: number, byte: number | undefined) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "token at", row, byte],
    queryFn: async ({ signal }) => {
      const query = { ...said({ token_at_byte: byte }), token_limit: 1 };
      const { tokens } = await document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/{row}", { params: { path: { ...task, row }, query }, signal }),
      );
      return tokens && tokens.from < tokens.total ? tokens.from : null;
    },
    enabled: byte !== undefined,
    staleTime: Infinity,
  });
}

export function rolloutSampleQuery(task: TaskPath, sample: string) {
  return infiniteQueryOptions({
    queryKey: [...rolloutKey(task), "sample", sample],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/sample", {
          params: { path: { ...task }, query: { sample, from_step: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_step,
  });
}

export function rolloutQuestionQuery(task: TaskPath, sample: string, record: number | null | undefined) {
  return queryOptions({
    queryKey: [...rolloutKey(task), "question", sample, record],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/question", {
          params: { path: { ...task }, query: { sample, ...said({ record: record ?? undefined }) } },
          signal,
        }),
      ),
    staleTime: Infinity,
  });
}

export function rolloutSearchQuery(task: TaskPath, filter: RolloutFilter, q: string) {
  return infiniteQueryOptions({
    queryKey: [...rolloutKey(task), "search", filter, q],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/stages/{stage}/rollouts/search", {
          params: { path: { ...task }, query: { ...said({ ...filter, cursor: pageParam, limit: 100 }), q } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor,
    enabled: q !== "",
  });
}

export function runArtifactsQuery(run: string) {
  return queryOptions({
    queryKey: [...runKey(run), "artifacts", "first"],
    queryFn: ({ signal }) =>
      document(
        client.GET("/api/v1/runs/{run}/artifacts", { params: { path: { run }, query: { limit: 1000 } }, signal }),
      ),
  });
}

// The address of a log's bytes, for a link that downloads.
export function logUrl(task: TaskPath, place: LogPlace): string {
  const query = new URLSearchParams();
  if (place.attempt) query.set("attempt", String(place.attempt));
  if (place.source) query.set("source", place.source);
  const text = query.toString();
  const base = `/api/v1/runs/${encodeURIComponent(task.run)}/stages/${encodeURIComponent(task.stage)}/log/content`;
  return text ? `${base}?${text}` : base;
}
