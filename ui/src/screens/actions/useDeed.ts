import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { requestKey } from "@/api/client";
import { runKey, runsKey, sessionQuery } from "@/api/queries";
import { useToast } from "@/design";

export function useRole(): string | undefined {
  return useQuery(sessionQuery()).data?.role;
}

interface Deed<Body, Result> {
  run: string;
  done: string; // what is said when it is done
  body: Body;
  act: (body: Body, headers: { "Idempotency-Key": string }) => Promise<Result>;
  after?: (result: Result) => void;
}

// Something done to a run. What is asked for has one key: sent again it is not done twice, and another
// question has another. What goes wrong is for the dialog to show.
export function useDeed<Body, Result>({ run, done, body, act, after }: Deed<Body, Result>) {
  const toast = useToast();
  const queries = useQueryClient();
  const asked = JSON.stringify(body);
  const headers = useMemo(() => ({ "Idempotency-Key": requestKey(), asked }), [asked]);
  return useMutation({
    mutationFn: () => act(body, { "Idempotency-Key": headers["Idempotency-Key"] }),
    onSuccess: (result) => {
      toast({ text: done });
      void queries.invalidateQueries({ queryKey: runKey(run) });
      void queries.invalidateQueries({ queryKey: runsKey });
      after?.(result);
    },
    // It may have failed because the run is no longer what was seen.
    onError: () => void queries.invalidateQueries({ queryKey: runKey(run) }),
  });
}
