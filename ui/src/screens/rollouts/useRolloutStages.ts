import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runQuery } from "@/api/queries";
import { runArtifactsQuery } from "@/api/reading";

// Tasks that have rollouts: those that made an artifact of this kind, and those that run and train.
export function useRolloutStages(run: string): { stages: string[]; pending: boolean } {
  const artifacts = useQuery(runArtifactsQuery(run));
  const { data, isPending } = useQuery(runQuery(run));
  const stages = useMemo(() => {
    const made = (artifacts.data?.artifacts ?? []).filter((one) => one.kind === "rollouts").map((one) => one.task);
    const trains = new Set(["rl_stage", "memory_rl"]);
    const running = (data?.stages ?? [])
      .filter((stage) => trains.has(stage.uses) && stage.attempts > 0 && !stage.tasks)
      .map((stage) => stage.name);
    return [...new Set([...made, ...running])];
  }, [artifacts.data, data]);
  return { stages, pending: artifacts.isPending || isPending };
}
