import { useMutation, useQueryClient } from "@tanstack/react-query";
import { problemText } from "@/api/problem";
import { requestKey } from "@/api/client";
import { runKey, runsKey } from "@/api/queries";
import { useToast } from "@/design";
import { useState } from "react";

// An action on a run: one idempotency key for each intention, so that trying again does not do it
// twice; says what came of it, and reads the run anew.
export function useAction<T>(run: string, done: string, act: (key: string) => Promise<T>, after?: (result: T) => void) {
  const toast = useToast();
  const queries = useQueryClient();
  const [key] = useState(requestKey);
  return useMutation({
    mutationFn: () => act(key),
    onSuccess: (result) => {
      toast({ text: done });
      void queries.invalidateQueries({ queryKey: runKey(run) });
      void queries.invalidateQueries({ queryKey: runsKey });
      after?.(result);
    },
    onError: (error) => {
      const problem = problemText(error);
      toast({ text: [problem.title, problem.hint].filter(Boolean).join(". "), failed: true });
    },
  });
}
