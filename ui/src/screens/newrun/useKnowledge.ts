import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Plugin } from "@/api/types";
import { readDeclaration } from "../plugins/declaration";
import type { Knowledge } from "./complete";
import { pluginQuery, pluginsQuery, schemaQuery } from "./queries";
import { outlineOf } from "./scan";

const most = 60; // stage types of one workflow that are looked up

function declarations(results: readonly { data: Plugin | undefined }[]) {
  return results.flatMap(({ data }) => (data ? [readDeclaration(data.name, data.doc, data.declaration)] : []));
}

// The schema, all stage types, and the declarations of those that the text uses.
export function useKnowledge(text: string): Knowledge {
  const schema = useQuery(schemaQuery).data;
  const types = useQuery(pluginsQuery).data?.types;
  const used = useMemo(() => {
    const names = new Set((types ?? []).map((type) => type.name));
    const wanted = new Set([...outlineOf(text).stages.values()].map((stage) => stage.uses));
    return [...wanted].filter((name) => names.has(name)).slice(0, most);
  }, [text, types]);
  const declared = useQueries({ queries: used.map((name) => pluginQuery(name)), combine: declarations });
  return useMemo(
    () => ({ schema, types: types ?? [], declared: new Map(declared.map((one) => [one.name, one])) }),
    [schema, types, declared],
  );
}
