import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import { planKey, structureQuery, workflowQuery } from "@/api/queries";
import { checkpointsQuery } from "@/api/reading";
import type { PlannedStage } from "@/api/types";
import { Button, CodeText, Dialog, DialogActions, Loading, ProblemBox } from "@/design";
import { useStill } from "../newrun/draft";
import { typedValues, type Given } from "../newrun/params";
import css from "./Actions.module.css";
import { changedNames, commandOf, forkBody, paramDiff, paramsOf, rerunBody, resumeBody, type Choice, type Kind } from "./derive";
import { ParamDiff } from "./ParamDiff";
import { ParamForm } from "./ParamForm";
import { PlanView } from "./PlanView";
import { Refused } from "./Refused";
import { useDeed } from "./useDeed";

interface Props {
  run: string;
  name: string;
  status: string;
  kind: Kind;
  stage?: string; // that it begins with
  onClose: () => void;
}

interface Answer {
  id?: string;
  stages?: PlannedStage[];
}

function ask(run: string, kind: Kind, choice: Choice, more: { dry_run: boolean; expect?: string }, headers = {}): Promise<Answer> {
  const params = { path: { run } };
  const dry = { dry_run: more.dry_run };
  if (kind === "rerun") return document(client.POST("/api/v1/runs/{run}/rerun", { params, headers, body: { ...rerunBody(choice), ...dry } }));
  if (kind === "fork") return document(client.POST("/api/v1/runs/{run}/fork", { params, headers, body: { ...forkBody(choice), ...dry } }));
  return document(client.POST("/api/v1/runs/{run}/resume", { params, headers, body: { ...resumeBody(choice), ...more } }));
}

const mostOpen = 9; // parameters that are shown at once
const verbs = { resume: "Resume", rerun: "Run anew", fork: "Fork" };

// Resume, rerun and fork: where, with which parameters, and what that would do, before it is done.
export function DeriveDialog({ run, name, status, kind, stage: first, onClose }: Props) {
  const navigate = useNavigate();
  const [expect, setExpect] = useState(status);
  const workflow = useQuery(workflowQuery(run));
  const stages = useStages(run);
  const [stage, setStage] = useState(first ?? "");
  const [step, setStep] = useState<number>();
  const [accept, setAccept] = useState(false);
  const [given, setGiven] = useState<Given>({});
  const params = useMemo(() => paramsOf(workflow.data?.declared ?? []), [workflow.data]);
  const { values, wrong } = useMemo(() => typedValues(params, given), [params, given]);
  const changed = useMemo(() => changedNames(params, values), [params, values]);
  const at = stage || (kind === "resume" ? "" : (stages[0] ?? ""));
  const choice = useMemo<Choice>(
    () => ({ stage: at, step, accept, params: Object.fromEntries(changed.map((name) => [name, values[name]])) }),
    [at, step, accept, changed, values],
  );
  const still = useStill(choice, 300);
  const complete = Object.keys(wrong).length === 0 && (kind === "resume" || at !== "");
  const plan = useQuery({
    queryKey: [...planKey, run, kind, still],
    queryFn: () => ask(run, kind, still, { dry_run: true }),
    enabled: complete && (kind === "resume" || still.stage !== ""),
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  const settled = JSON.stringify(still) === JSON.stringify(choice);
  const deed = useDeed({
    run,
    done: kind === "resume" ? "Resumed" : "Started",
    body: { choice, expect },
    act: (_body, headers) => ask(run, kind, choice, { dry_run: false, ...(kind === "resume" && { expect }) }, headers),
    after: (made) => {
      onClose();
      if (kind !== "resume" && made.id) void navigate({ to: "/runs/$run/graph", params: { run: made.id } });
    },
  });

  return (
    <Dialog title={`${verbs[kind]} ${name}`} onClose={onClose}>
      <div className={css.fields}>
        <StagePick kind={kind} stages={stages} stage={at} onStage={(next) => (setStage(next), setStep(undefined))} />
        {kind === "fork" && at !== "" && <StepPick run={run} stage={at} step={step} onStep={setStep} />}
      </div>
      {params.length > 0 && (
        <details className={css.more} open={kind === "fork" && params.length <= mostOpen}>
          <summary>Parameters{changed.length > 0 && `, ${changed.length} changed`}</summary>
          <ParamForm params={params} given={given} wrong={wrong} onGiven={(of, text) => setGiven((before) => ({ ...before, [of]: text }))} />
        </details>
      )}
      {changed.length > 0 && <ParamDiff lines={paramDiff(changed, workflow.data?.params ?? {}, values)} />}
      <label className={css.box}>
        <input type="checkbox" checked={accept} onChange={(event) => setAccept(event.target.checked)} />
        Take plugins as they are now, where they have changed
      </label>
      {complete && plan.isPending && <Loading what="the plan" />}
      {plan.error && <ProblemBox problem={problemText(plan.error)} retry={() => void plan.refetch()} />}
      {complete && plan.data && <PlanView stages={plan.data.stages ?? []} />}
      <Refused run={run} seen={expect} error={deed.error} onSeen={(now) => (setExpect(now), deed.reset(), void plan.refetch())} />
      <CodeText label="The same on the command line" text={commandOf(kind, run, choice)} wrap />
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" disabled={!complete || !settled || !plan.data || deed.isPending} onClick={() => deed.mutate()}>
          {verbs[kind]}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function useStages(run: string): string[] {
  const structure = useQuery(structureQuery(run)).data;
  return useMemo(() => structure?.stages.map((stage) => stage.name) ?? [], [structure]);
}

const labels: Record<Kind, string> = { resume: "Also anew from", rerun: "Anew from", fork: "The ways part at" };

function StagePick({ kind, stages, stage, onStage }: { kind: Kind; stages: string[]; stage: string; onStage: (stage: string) => void }) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id}>{labels[kind]}</label>
      <select id={id} className={css.input} value={stage} onChange={(event) => onStage(event.target.value)}>
        {kind === "resume" && <option value="">only what is not done</option>}
        {(stages.includes(stage) || stage === "" ? stages : [stage, ...stages]).map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </div>
  );
}

interface StepProps {
  run: string;
  stage: string;
  step: number | undefined;
  onStep: (step: number | undefined) => void;
}

// The steps that the stage kept a checkpoint of.
function StepPick({ run, stage, step, onStep }: StepProps) {
  const id = useId();
  const query = useQuery(checkpointsQuery({ run, stage }));
  const kept = (query.data?.checkpoints ?? []).filter((checkpoint) => checkpoint.status === "complete");
  return (
    <div className={css.field}>
      <label htmlFor={id}>at step</label>
      <select
        id={id}
        className={css.input}
        value={step ?? ""}
        onChange={(event) => onStep(event.target.value === "" ? undefined : Number(event.target.value))}
      >
        <option value="">its beginning</option>
        {kept.map((checkpoint) => (
          <option key={checkpoint.step} value={checkpoint.step}>
            {checkpoint.step.toLocaleString("en")}
          </option>
        ))}
      </select>
      {query.isSuccess && kept.length === 0 && <span className="muted">It kept no checkpoints.</span>}
    </div>
  );
}
