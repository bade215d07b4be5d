import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { statesQuery, structureQuery } from "@/api/queries";
import type { RunStates } from "@/api/states";
import type { Structure } from "@/api/types";

export function useRunId(): string {
  return useParams({ from: "/runs/$run" }).run;
}

// The two documents of every view of a run: its states, which the stream renews, and its structure,
// which is read again when the run has another revision.
export interface RunDocuments {
  states: RunStates | undefined;
  structure: Structure | undefined; // of the states' revision
  error: Error | null;
}

export function useRunDocuments(): RunDocuments {
  const run = useRunId();
  const { data: states, error } = useQuery(statesQuery(run));
  const { data: structure, error: other, refetch } = useQuery(structureQuery(run));
  const wanted = states?.revision;
  const known = structure?.revision;
  useEffect(() => {
    if (wanted !== undefined && known !== undefined && wanted > known) void refetch();
  }, [wanted, known, refetch]);
  return { states, structure: wanted === known ? structure : undefined, error: error ?? other };
}
