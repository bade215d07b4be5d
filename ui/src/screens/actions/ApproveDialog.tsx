import { client, document } from "@/api/client";
import type { RunRow, Structure } from "@/api/types";
import { Button, CodeText, Dialog, DialogActions, Foreign } from "@/design";
import { useState } from "react";
import { Refused } from "./Refused";
import { useDeed } from "./useDeed";

interface Props {
  run: string;
  stage: string;
  question: string;
  structure?: Structure | undefined;
  onClose: () => void;
}

// The stages that need one, straight or through others.
export function whatFollows(structure: Structure | undefined, stage: string): string[] {
  const stages = structure?.stages ?? [];
  const after = new Set([stages.findIndex((one) => one.name === stage)]);
  for (const [at, one] of stages.entries()) if (one.needs.some((need) => after.has(need))) after.add(at);
  return stages.filter((one, at) => after.has(at) && one.name !== stage).map((one) => one.name);
}

export function ApproveDialog({ run, stage, question, structure, onClose }: Props) {
  const [approved, setApproved] = useState(true);
  const deed = useDeed({
    run,
    done: approved ? `${stage} approved` : `${stage} turned down`,
    body: { stage, approved },
    act: (body, headers) => document<RunRow>(client.POST("/api/v1/runs/{run}/approve", { params: { path: { run } }, body, headers })),
    after: onClose,
  });
  const after = whatFollows(structure, stage);
  const names = after.length > 6 ? `${after.slice(0, 5).join(", ")} and ${after.length - 5} more` : after.join(", ");
  return (
    <Dialog title={`${stage} asks`} onClose={onClose}>
      <p>{question ? <Foreign text={question} /> : "May this stage start?"}</p>
      <fieldset>
        <legend className="visually-hidden">Answer</legend>
        <p>
          <label>
            <input type="radio" name="answer" checked={approved} onChange={() => setApproved(true)} /> Yes:{" "}
            <Foreign text={stage} /> starts{after.length > 0 && <>, then <Foreign text={names} /></>}.
          </label>
        </p>
        <p>
          <label>
            <input type="radio" name="answer" checked={!approved} onChange={() => setApproved(false)} /> No:{" "}
            <Foreign text={stage} /> fails{after.length > 0 && <>, and <Foreign text={names} /> {after.length > 1 ? "are" : "is"} skipped</>}.
          </label>
        </p>
      </fieldset>
      <Refused run={run} seen="waiting" error={deed.error} onSeen={onClose} />
      <CodeText label="The same on the command line" text={`cairn approve ${run} ${stage}${approved ? "" : " --reject"}`} />
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind={approved ? "primary" : "danger"} disabled={deed.isPending} onClick={() => deed.mutate()}>
          {approved ? "Approve" : "Turn down"}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
