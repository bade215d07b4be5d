import { isOver } from "@/design";

export type Action = "cancel" | "pause" | "unpause" | "approve" | "resume" | "rerun" | "fork" | "delete";

export const viewerWhy = "needs an admin's token";

// Why an action cannot be had now; undefined where it can.
export function whyNot(action: Action, status: string, role: string | undefined): string | undefined {
  if (role === "viewer") return viewerWhy;
  const over = isOver(status);
  if (action === "rerun" || action === "fork") return undefined;
  if (action === "resume") {
    if (status === "succeeded") return "everything is done";
    return over || status === "interrupted" ? undefined : "the run goes on";
  }
  if (action === "delete") return over || status === "interrupted" ? undefined : "the run goes on: cancel it first";
  if (over) return "the run is over";
  if (status === "interrupted") return "the run is interrupted";
  if (action === "pause") return status === "paused" ? "it is paused" : undefined;
  if (action === "unpause") return status === "paused" ? undefined : "it is not paused";
  return undefined;
}
