import { useState } from "react";
import type { RunStates } from "@/api/states";
import type { Run } from "@/api/types";
import { Button, Foreign } from "@/design";
import { viewerWhy } from "../actions/allowed";
import { ApproveDialog } from "../actions/ApproveDialog";
import { useRole } from "../actions/useDeed";
import { oneLine } from "./failure";
import css from "./Run.module.css";
import { useRunDocuments } from "./useRun";
import { useChooseStage } from "./useStage";

// Why a run does not go on: a question, a pause, or what failed first.
export function Waiting({ run, states }: { run: Run; states: RunStates }) {
  const { structure } = useRunDocuments();
  const choose = useChooseStage();
  const viewer = useRole() === "viewer";
  const [asking, setAsking] = useState<number>();
  const names = structure?.stages ?? [];
  const waiting = states.stages.findIndex((stage) => stage.status === "waiting");
  const failed = states.stages.findIndex((stage) => stage.status === "failed");
  const question = names[waiting]?.approval;
  const error = run.stages?.[failed]?.error;

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
      {run.error && failed < 0 && (
        <p className={css.note}>
          <Foreign text={`${run.error.cause}: ${run.error.message}`} />
        </p>
      )}
      {failed >= 0 && names[failed] && (
        <p className={css.note}>
          <span>
            <b>{names[failed].name}</b> failed
            {error && ": "}
            {error && <Foreign text={oneLine(error.message)} />}
          </span>
          <Button onClick={() => choose(names[failed]?.name ?? "")}>Show why</Button>
        </p>
      )}
      {asking !== undefined && names[asking] && (
        <ApproveDialog
          run={run.id}
          stage={names[asking].name}
          question={names[asking].approval ?? ""}
          structure={structure}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}
