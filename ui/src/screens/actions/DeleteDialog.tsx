import { useNavigate } from "@tanstack/react-router";
import { useId, useState } from "react";
import { client, document } from "@/api/client";
import { Button, CodeText, Dialog, DialogActions, Foreign } from "@/design";
import css from "./Actions.module.css";
import { Refused } from "./Refused";
import { useDeed } from "./useDeed";

interface Props {
  run: string;
  name: string;
  status: string;
  onClose: () => void;
}

export function DeleteDialog({ run, name, status, onClose }: Props) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const deed = useDeed({
    run,
    done: `${name} deleted`,
    body: { run },
    act: (_body, headers) => document(client.DELETE("/api/v1/runs/{run}", { params: { path: { run } }, headers })),
    after: () => {
      onClose();
      void navigate({ to: "/runs" });
    },
  });
  return (
    <Dialog title={`Delete ${name}`} onClose={onClose}>
      <p>
        The run, its attempts, logs and checkpoints are forgotten, and nothing brings them back. What it made stays until the store is
        cleared and nothing else needs it.
      </p>
      <div className={css.field}>
        <label htmlFor={id}>
          Type its name, <b><Foreign text={name} /></b>, to go on
        </label>
        <input id={id} className={css.input} value={typed} autoComplete="off" spellCheck={false} onChange={(event) => setTyped(event.target.value)} />
      </div>
      <Refused run={run} seen={status} error={deed.error} onSeen={() => deed.reset()} />
      <CodeText label="The same on the command line" text={`cairn delete ${run}`} />
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" disabled={typed !== name || deed.isPending} onClick={() => deed.mutate()}>
          Delete the run
        </Button>
      </DialogActions>
    </Dialog>
  );
}
