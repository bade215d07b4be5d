import { useState } from "react";
import type { RunStates } from "@/api/states";
import type { RunHead } from "@/api/types";
import { Button, Foreign } from "@/design";
import { viewerWhy } from "../actions/allowed";
import { ApproveDialog } from "../actions/ApproveDialog";
import { useRole } from "../actions/useDeed";
import { oneLine } from "./failure";
import { waitWords } from "./head";
import css from "./Run.module.css";
import { useRunDocuments } from "./useRun";
import { useChooseStage } from "./useStage";

// Why a run does not go on: a question, a pause, no room, or what failed first.
export function Waiting({ head, states }: { head: RunHead; states: RunStates }) {
  const { structure } = useRunDocuments();
  const choose = useChooseStage();
  const viewer = useRole() === "viewer";
  const [asking, setAsking] = useState<number>();
  const names = structure?.stages ?? [];
  const waiting = states.stages.findIndex((stage) => stage.status === "waiting");
  const failed = states.stages.findIndex((stage) => stage.status === "failed");
  const question = names[waiting]?.approval;
  const error = head.failed?.stage === names[failed]?.name ? head.failed?.message : undefined;
  const running = states.counts.running ?? 0;
  const wait = states.status === "running" ? waitWords(head, running) : undefined;

  return (
    <>
      {waiting >= 0 && names[waiting] && (
        <p className={css.note}>
          <span>
            <b>{names[waiting].name}</b> waits for an answer{question && ": "}
            {question && <Foreign text={question} />}
          </span>
          <Button disabled={viewer} onClick={() => setAsking(waiting)}>
            Answer
          </Button>
          {viewer && <span className="muted">{viewerWhy}</span>}
        </p>
      )}
      {states.status === "paused" && <p className={css.note}>Paused: what runs goes on, nothing new starts.</p>}
      {states.status === "interrupted" && (
        <p className={css.note}>The engine went away while this run was at work. Resume continues it.</p>
      )}
      {wait && (
        <p className={running > 0 ? css.quiet : css.note}>
          <Foreign text={wait} />
        </p>
      )}
      {head.error && failed < 0 && (
        <p className={css.note}>
          <Foreign text={`${head.error.cause}: ${head.error.message}`} />
        </p>
      )}
      {failed >= 0 && names[failed] && (
        <p className={css.note}>
          <span>
            <b>{names[failed].name}</b> failed
            {error && ": "}
            {error && <Foreign text={oneLine(error)} />}
          </span>
          <Button onClick={() => choose(names[failed]?.name ?? "")}>Show why</Button>
        </p>
      )}
      {asking !== undefined && names[asking] && (
        <ApproveDialog
          run={head.id}
          stage={names[asking].name}
          question={names[asking].approval ?? ""}
          structure={structure}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}
