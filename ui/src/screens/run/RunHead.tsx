import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { runQuery } from "@/api/queries";
import type { RunStates } from "@/api/states";
import type { Run } from "@/api/types";
import { Digest, Duration, Foreign, StatusBar, StatusLabel, Time } from "@/design";
import { RunActions } from "../actions/RunActions";
import css from "./Run.module.css";
import { useRunDocuments } from "./useRun";
import { Waiting } from "./Waiting";

export function RunHead({ run, states }: { run: string; states: RunStates | undefined }) {
  const { data } = useQuery(runQuery(run));
  const { structure } = useRunDocuments();
  const status = states?.status ?? data?.status;
  return (
    <>
      <div className={css.title}>
        <h1>{data ? <Foreign text={data.name} /> : run}</h1>
        {status && <StatusLabel status={status} badge />}
        <Digest value={data?.id ?? run} what="Id" />
        <span className={css.actions}>{data && status && <RunActions run={data} status={status} states={states} structure={structure} />}</span>
      </div>
      <div className={css.facts}>
        {states && (
          <span className={css.bar}>
            <StatusBar counts={states.counts} label="Tasks" />
            <span>
              {((states.counts.succeeded ?? 0) + (states.counts.cached ?? 0)).toLocaleString("en")}/
              {states.total.toLocaleString("en")} tasks
            </span>
          </span>
        )}
        {states && <Times states={states} data={data} />}
        {data && <Origin run={data} />}
        {data && Object.entries(data.labels ?? {}).map(([key, value]) => <Foreign key={key} text={`${key}=${value}`} />)}
      </div>
      {data && states && <Waiting run={data} states={states} />}
    </>
  );
}

function Times({ states, data }: { states: RunStates; data: Run | undefined }) {
  const halted = states.status === "interrupted" && !states.finishedAt;
  return (
    <>
      {data && (
        <span>
          created <Time at={data.created_at} />
        </span>
      )}
      {!halted && states.startedAt && (
        <span>
          took <Duration from={states.startedAt} to={states.finishedAt} />
        </span>
      )}
    </>
  );
}

function Origin({ run }: { run: Run }) {
  return (
    <>
      {run.workflow && (
        <span>
          from <code>{run.workflow}</code>
        </span>
      )}
      {run.origin && (
        <span>
          {run.origin.how} of{" "}
          <Link to="/runs/$run/graph" params={{ run: run.origin.run }}>
            {run.origin.run}
          </Link>{" "}
          at {run.origin.stage}
        </span>
      )}
      {(run.revision ?? 0) > 0 && <span>revision {run.revision}</span>}
      <span>seed {run.seed}</span>
    </>
  );
}
