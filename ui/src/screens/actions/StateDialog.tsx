import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, document } from "@/api/client";
import { statesQuery } from "@/api/queries";
import type { RunRow } from "@/api/types";
import { Button, CodeText, countsInWords, Dialog, DialogActions, StatusBar } from "@/design";
import css from "./Actions.module.css";
import { Refused } from "./Refused";
import { useDeed } from "./useDeed";

export type Change = "cancel" | "pause" | "unpause";

interface Words {
  title: string;
  verb: string;
  done: string;
  effect: (running: number, waiting: number) => string;
  danger?: boolean;
}

const tasks = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "task" : "tasks"}`;

const atWork = (count: number, does: string) => (count === 0 ? "Nothing is at work." : `${tasks(count)} at work ${does}.`);

export const changeWords: Record<Change, Words> = {
  cancel: {
    title: "Cancel",
    verb: "Cancel the run",
    done: "Cancelled",
    danger: true,
    effect: (running, waiting) => `${atWork(running, "will be stopped at the next checkpoint")} ${tasks(waiting)} never start. Resume can go on later.`,
  },
  pause: {
    title: "Pause",
    verb: "Pause the run",
    done: "Paused",
    effect: (running, waiting) => `${atWork(running, "will go on to the end")} ${tasks(waiting)} wait until the run goes on.`,
  },
  unpause: {
    title: "Go on with",
    verb: "Go on",
    done: "Goes on",
    effect: (_running, waiting) => `${tasks(waiting)} may start again.`,
  },
};

const paths = {
  cancel: "/api/v1/runs/{run}/cancel",
  pause: "/api/v1/runs/{run}/pause",
  unpause: "/api/v1/runs/{run}/unpause",
} as const;

interface Props {
  run: string;
  name: string;
  status: string;
  change: Change;
  onClose: () => void;
}

// Cancel, pause, go on: what it would do to the tasks as they are now.
export function StateDialog({ run, name, status, change, onClose }: Props) {
  const [expect, setExpect] = useState(status);
  const words = changeWords[change];
  const states = useQuery(statesQuery(run)).data;
  const deed = useDeed({
    run,
    done: words.done,
    body: { expect },
    act: (body, headers) => document<RunRow>(client.POST(paths[change], { params: { path: { run } }, body, headers })),
    after: onClose,
  });
  const counts = states?.counts ?? {};
  const waiting = (counts.pending ?? 0) + (counts.waiting ?? 0);
  return (
    <Dialog title={`${words.title} ${name}`} onClose={onClose}>
      {states && (
        <div className={css.plan}>
          <StatusBar counts={counts} label="Tasks" />
          <p className="muted">{countsInWords(counts)}</p>
        </div>
      )}
      <p>{words.effect(counts.running ?? 0, waiting)}</p>
      <Refused run={run} seen={expect} error={deed.error} onSeen={(now) => (setExpect(now), deed.reset())} />
      <CodeText label="The same on the command line" text={`cairn ${change} ${run}`} />
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind={words.danger ? "danger" : "primary"} disabled={deed.isPending} onClick={() => deed.mutate()}>
          {words.verb}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
