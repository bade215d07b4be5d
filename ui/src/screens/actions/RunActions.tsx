import { useState, type ReactNode } from "react";
import type { RunStates } from "@/api/states";
import type { Run, Structure } from "@/api/types";
import { Menu, type MenuItem } from "@/design";
import { whyNot, type Action } from "./allowed";
import { ApproveDialog } from "./ApproveDialog";
import { DeleteDialog } from "./DeleteDialog";
import { DeriveDialog } from "./DeriveDialog";
import { StateDialog } from "./StateDialog";
import { useRole } from "./useDeed";

interface Props {
  run: Pick<Run, "id" | "name">;
  status: string;
  states?: RunStates | undefined;
  structure?: Structure | undefined;
  more?: MenuItem[]; // what else can be done with it where it is shown
  // How the list is shown, where it is not a button's.
  menu?: (items: MenuItem[]) => ReactNode;
}

// All that can be done with a run. What cannot be done now says why.
export function RunActions({ run, status, states, structure, more = [], menu }: Props) {
  const [open, setOpen] = useState<Action>();
  const role = useRole();
  const close = () => setOpen(undefined);
  const item = (action: Action, label: string, danger = false): MenuItem => ({
    id: action,
    label,
    danger,
    disabled: whyNot(action, status, role),
    choose: () => setOpen(action),
  });
  const asking = structure?.stages[states?.stages.findIndex((stage) => stage.status === "waiting") ?? -1];
  const items = [
    ...(asking ? [item("approve", `Answer ${asking.name}…`)] : []),
    status === "paused" ? item("unpause", "Go on…") : item("pause", "Pause…"),
    item("resume", "Resume…"),
    item("rerun", "Run anew from a stage…"),
    item("fork", "Fork…"),
    ...more,
    item("cancel", "Cancel…", true),
    item("delete", "Delete…", true),
  ];
  const about = { run: run.id, name: run.name, status, onClose: close };
  return (
    <>
      {menu ? menu(items) : <Menu label="Actions" items={items} />}
      {(open === "cancel" || open === "pause" || open === "unpause") && <StateDialog {...about} change={open} />}
      {(open === "resume" || open === "rerun" || open === "fork") && <DeriveDialog {...about} kind={open} />}
      {open === "delete" && <DeleteDialog {...about} />}
      {open === "approve" && asking && (
        <ApproveDialog run={run.id} stage={asking.name} question={asking.approval ?? ""} structure={structure} onClose={close} />
      )}
    </>
  );
}
