import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import type { PlannedStage } from "@/api/types";
import { Button, CodeText, Dialog, DialogActions, Foreign, Loading, ProblemBox } from "@/design";
import css from "./Run.module.css";
import { useAction } from "./useAction";

interface Props {
  run: string;
  kind: "resume" | "rerun";
  from?: string; // the stage that runs anew; a rerun has one
  onClose: () => void;
}

interface Planned {
  id?: string;
  stages?: PlannedStage[];
}

function ask({ run, kind, from }: Omit<Props, "onClose">, dryRun: boolean, key?: string): Promise<Planned> {
  const params = { path: { run } };
  const headers = key ? { headers: { "Idempotency-Key": key } } : {};
  if (kind === "rerun")
    return document(
      client.POST("/api/v1/runs/{run}/rerun", { params, body: { from: from ?? "", dry_run: dryRun }, ...headers }),
    );
  const body = { dry_run: dryRun, ...(from !== undefined && { from }) };
  return document(client.POST("/api/v1/runs/{run}/resume", { params, body, ...headers }));
}

function command({ run, kind, from }: Omit<Props, "onClose">): string {
  return `cairn ${kind} ${run}${from === undefined ? "" : ` --from ${from}`}`;
}

// What a resume or a rerun would do, stage by stage, before it does it.
export function PlanDialog(props: Props) {
  const { run, kind, from, onClose } = props;
  const navigate = useNavigate();
  const plan = useQuery({
    queryKey: ["plan", run, kind, from],
    queryFn: () => ask(props, true),
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  const action = useAction(run, kind === "resume" ? "Resumed" : "Started anew", (key) => ask(props, false, key), (made) => {
    onClose();
    if (kind === "rerun" && made.id) void navigate({ to: "/runs/$run/graph", params: { run: made.id } });
  });
  const verb = kind === "resume" ? "Resume" : "Run anew";
  return (
    <Dialog title={from === undefined ? `${verb} ${run}` : `${verb} from ${from}`} onClose={onClose}>
      {plan.isPending && <Loading what="the plan" />}
      {plan.error && <ProblemBox problem={problemText(plan.error)} retry={() => void plan.refetch()} />}
      {plan.data && <PlanTable stages={plan.data.stages ?? []} />}
      <CodeText label="The same on the command line" text={command(props)} />
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" disabled={!plan.data || action.isPending} onClick={() => action.mutate()}>
          {verb}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

export function PlanTable({ stages }: { stages: readonly PlannedStage[] }) {
  return (
    // A list that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <dl className={css.plan} tabIndex={0} aria-label="What each stage would do">
      {stages.map((stage) => (
        <div key={stage.name}>
          <dt>{stage.name}</dt>
          <dd>
            {stage.action}
            {stage.step !== undefined && ` from step ${stage.step}`}
          </dd>
          <dd className="muted">
            <Foreign text={[...(stage.because ?? []), ...(stage.differs ?? []).map((part) => `${part} differs`)].join("; ")} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
