import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runQuery } from "@/api/queries";
import { Button } from "@/design";
import css from "./Actions.module.css";
import { whyNot } from "./allowed";
import { DeriveDialog } from "./DeriveDialog";
import { useRole } from "./useDeed";

// What can be done from a stage on.
export function StageActions({ run, stage }: { run: string; stage: string }) {
  const [open, setOpen] = useState<"rerun" | "fork">();
  const { data } = useQuery(runQuery(run));
  const role = useRole();
  if (!data) return null;
  const why = whyNot("rerun", data.status, role);
  return (
    <div className={css.check}>
      <Button disabled={why !== undefined} onClick={() => setOpen("rerun")}>
        Run anew from here…
      </Button>
      <Button disabled={why !== undefined} onClick={() => setOpen("fork")}>
        Fork here…
      </Button>
      {why && <span className="muted">{why}</span>}
      {open && (
        <DeriveDialog run={run} name={data.name} status={data.status} kind={open} stage={stage} onClose={() => setOpen(undefined)} />
      )}
    </div>
  );
}
