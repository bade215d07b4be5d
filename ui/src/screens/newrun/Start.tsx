import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { client, document, requestKey } from "@/api/client";
import { problemText } from "@/api/problem";
import { runsKey, sessionQuery } from "@/api/queries";
import type { WorkflowPlan } from "@/api/types";
import { Button, CodeText, Loading, ProblemBox } from "@/design";
import { PlanView } from "../actions/PlanView";
import { deedProblem } from "../actions/Refused";
import css from "./NewRun.module.css";
import { setOptions, shellWord } from "./params";
import type { Submission } from "./queries";

function commandOf({ name, params, seed }: Submission): string {
  return `cairn submit FILE${name ? ` --name ${shellWord(name)}` : ""}${setOptions(params ?? {})}${seed === undefined ? "" : ` --seed ${seed}`}`;
}

interface PlanProps {
  what: Submission;
  plan: UseQueryResult<WorkflowPlan>;
  fresh: boolean; // it is the plan of what stands there now
  wrong: boolean;
}

// What starting it would do. While somebody types, the plan of before stays, so that nothing jumps.
export function Plan({ what, plan, fresh, wrong }: PlanProps) {
  return (
    <section className={css.section} aria-label="Start">
      <h2>
        What starting it does {plan.data && wrong && <span className="muted">as it was</span>}
      </h2>
      {plan.error && !wrong && <ProblemBox problem={problemText(plan.error)} retry={() => void plan.refetch()} />}
      {!plan.data && !plan.error && (wrong ? <p className="muted">The plan follows the checks.</p> : <Loading what="the plan" lines={3} />)}
      {plan.data && (
        <div className={css.plan} aria-busy={!fresh}>
          <PlanView stages={plan.data.stages ?? []} />
        </div>
      )}
      <CodeText label="The same on the command line" text={commandOf(what)} wrap />
    </section>
  );
}

interface StartProps {
  what: Submission;
  why: string | undefined; // what keeps it from starting
  ready: boolean;
}

export function Start({ what, why, ready }: StartProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const viewer = useQuery(sessionQuery()).data?.role === "viewer";
  // One key for what is asked for: sent again, it starts nothing twice.
  const key = useMemo(() => ({ key: requestKey(), what }), [what]);
  const start = useMutation({
    mutationFn: () => document(client.POST("/api/v1/runs", { body: what, headers: { "Idempotency-Key": key.key } })),
    onSuccess: (run) => {
      void queries.invalidateQueries({ queryKey: runsKey });
      void navigate({ to: "/runs/$run/graph", params: { run: run.id } });
    },
  });
  const said = viewer ? "Starting a run needs an admin's token." : why;
  return (
    <div className={css.start}>
      {start.error && <ProblemBox problem={deedProblem(start.error)} />}
      <span className="muted" role="status">
        {said}
      </span>
      <Button kind="primary" disabled={!ready || viewer || start.isPending} onClick={() => start.mutate()}>
        Start the run
      </Button>
    </div>
  );
}
