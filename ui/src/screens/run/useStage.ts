import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

// Opens the drawer for a stage or a task, in whatever tab is shown.
export function useChooseStage(): (stage: string) => void {
  const navigate = useNavigate();
  return useCallback(
    (stage: string) => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, stage }) }),
    [navigate],
  );
}
