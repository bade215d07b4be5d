import { queryOptions } from "@tanstack/react-query";
import { client, document } from "@/api/client";

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: async ({ signal }) => {
    const found = await document(client.GET("/api/v1/plugins", { signal }));
    return { types: found.stage_types ?? [], problems: found.problems ?? [] };
  },
});

export function pluginQuery(type: string) {
  return queryOptions({
    queryKey: ["plugins", type],
    queryFn: ({ signal }) => document(client.GET("/api/v1/plugins/{stage_type}", { params: { path: { stage_type: type } }, signal })),
    retry: false,
  });
}
