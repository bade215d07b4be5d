import { Button, Dialog, DialogActions } from "@/design";
import { useAction } from "./useAction";

interface Props {
  run: string;
  title: string;
  text: string;
  verb: string;
  done: string;
  act: (key: string) => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ run, title, text, verb, done, act, onClose }: Props) {
  const action = useAction(run, done, act, onClose);
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind="danger" disabled={action.isPending} onClick={() => action.mutate()}>
          {verb}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
