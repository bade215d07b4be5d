import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, document } from "@/api/client";
import { planKey } from "@/api/queries";
import { pluginQuery, pluginsQuery } from "../plugins/queries";
import type { Schema } from "./complete";

export { pluginQuery, pluginsQuery };

export interface Submission {
  workflow: string;
  params?: Record<string, unknown>;
  seed?: number;
  name?: string;
  from_run?: string; // whose folder relative paths are of
}

export const schemaQuery = queryOptions({
  queryKey: ["schema", "workflow"],
  queryFn: async ({ signal }) => (await document(client.GET("/api/v1/schema/workflow", { signal }))) as Schema,
  staleTime: 300_000,
});

// A name changes nothing of what is checked or planned.
const checked = ({ workflow, params, seed, from_run }: Submission): Submission => ({
  workflow,
  ...(params && { params }),
  ...(seed !== undefined && { seed }),
  ...(from_run !== undefined && { from_run }),
});

export function validateQuery(what: Submission) {
  return queryOptions({
    queryKey: ["validate", checked(what)],
    queryFn: ({ signal }) => document(client.POST("/api/v1/workflows/validate", { body: checked(what), signal })),
    enabled: what.workflow.trim() !== "",
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });
}

// What starting it would do now: never an answer of before.
export function planQuery(what: Submission, enabled: boolean) {
  return queryOptions({
    queryKey: [...planKey, "workflow", checked(what)],
    queryFn: ({ signal }) => document(client.POST("/api/v1/workflows/plan", { body: checked(what), signal })),
    enabled,
    // Shown as old until there is a new one.
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}
