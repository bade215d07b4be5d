import { client, document } from "@/api/client";
import { Button, Dialog, DialogActions, Foreign } from "@/design";
import { useAction } from "./useAction";

interface Props {
  run: string;
  stage: string;
  question: string;
  onClose: () => void;
}

export function ApproveDialog({ run, stage, question, onClose }: Props) {
  const answer = (approved: boolean) => (key: string) =>
    document(
      client.POST("/api/v1/runs/{run}/approve", {
        params: { path: { run } },
        body: { stage, approved },
        headers: { "Idempotency-Key": `${key}-${approved}` },
      }),
    );
  const approve = useAction(run, `${stage} approved`, answer(true), onClose);
  const reject = useAction(run, `${stage} turned down`, answer(false), onClose);
  const busy = approve.isPending || reject.isPending;
  return (
    <Dialog title={`${stage} asks`} onClose={onClose}>
      <p>{question ? <Foreign text={question} /> : "May this stage start?"}</p>
      <p className="muted">Approved, the stage starts. Turned down, it fails, and what needs it is skipped.</p>
      <DialogActions>
        <Button kind="danger" disabled={busy} onClick={() => reject.mutate()}>
          Turn down
        </Button>
        <Button kind="primary" disabled={busy} onClick={() => approve.mutate()}>
          Approve
        </Button>
      </DialogActions>
    </Dialog>
  );
}
