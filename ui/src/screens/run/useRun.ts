import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { statesQuery, structureQuery } from "@/api/queries";
import type { RunStates } from "@/api/states";
import type { Structure } from "@/api/types";

export function useRunId(): string {
  return useParams({ from: "/runs/$run" }).run;
}

// The two documents of every view of a run: its states, which the stream renews, and its structure,
// which is read once for each revision.
export interface RunDocuments {
  states: RunStates | undefined;
  structure: Structure | undefined;
  error: Error | null;
}

export function useRunDocuments(): RunDocuments {
  const run = useRunId();
  const states = useQuery(statesQuery(run));
  const structure = useQuery({
    ...structureQuery(run, states.data?.revision ?? 0),
    enabled: states.data !== undefined,
  });
  return { states: states.data, structure: structure.data, error: states.error ?? structure.error };
}
