import { useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { client, document } from "@/api/client";
import { sessionQuery } from "@/api/queries";
import type { Run } from "@/api/types";
import { isOver, Menu, type MenuItem } from "@/design";
import { ConfirmDialog } from "./ConfirmDialog";
import { PlanDialog } from "./PlanDialog";
import { useAction } from "./useAction";

type Open = "cancel" | "resume" | undefined;

// Why an action cannot be had now; undefined where it can.
export function whyNot(action: string, status: string, role: string | undefined): string | undefined {
  if (role === "viewer") return "needs an admin's token";
  const over = isOver(status);
  if (action === "resume") {
    if (status === "succeeded") return "everything is done";
    return over || status === "interrupted" ? undefined : "the run goes on";
  }
  if (over) return "the run is over";
  if (status === "interrupted") return "the run is interrupted";
  if (action === "pause") return status === "paused" ? "it is paused" : undefined;
  if (action === "unpause") return status === "paused" ? undefined : "it is not paused";
  return undefined;
}

export function RunActions({ run, status }: { run: Run; status: string }) {
  const [open, setOpen] = useState<Open>();
  const session = useQuery(sessionQuery());
  const why = (action: string) => whyNot(action, status, session.data?.role);
  const path = { params: { path: { run: run.id } }, body: { expect: status } };
  const key = (value: string) => ({ headers: { "Idempotency-Key": value } });
  const pause = useAction(run.id, "Paused", (value) =>
    document(client.POST("/api/v1/runs/{run}/pause", { ...path, ...key(value) })),
  );
  const unpause = useAction(run.id, "Goes on", (value) =>
    document(client.POST("/api/v1/runs/{run}/unpause", { ...path, ...key(value) })),
  );
  const items: MenuItem[] = [
    status === "paused"
      ? { id: "unpause", label: "Go on", disabled: why("unpause"), choose: () => unpause.mutate() }
      : { id: "pause", label: "Pause", disabled: why("pause"), choose: () => pause.mutate() },
    { id: "resume", label: "Resume…", disabled: why("resume"), choose: () => setOpen("resume") },
    { id: "cancel", label: "Cancel…", danger: true, disabled: why("cancel"), choose: () => setOpen("cancel") },
  ];
  const close = () => setOpen(undefined);
  return (
    <>
      <Menu label="Actions" items={items} />
      {open === "cancel" && (
        <ConfirmDialog
          run={run.id}
          title={`Cancel ${run.name}?`}
          text="What runs is stopped, what waits never starts. Resume can go on from the checkpoints later."
          verb="Cancel the run"
          done="Cancelled"
          act={(value) => document(client.POST("/api/v1/runs/{run}/cancel", { ...path, ...key(value) }))}
          onClose={close}
        />
      )}
      {open === "resume" && <PlanDialog run={run.id} kind="resume" onClose={close} />}
    </>
  );
}
