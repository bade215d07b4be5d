import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { headQuery } from "@/api/queries";
import type { RunStates } from "@/api/states";
import type { RunHead as Head } from "@/api/types";
import { Digest, Duration, Foreign, StatusBar, StatusLabel, Time } from "@/design";
import { RunActions } from "../actions/RunActions";
import { leftOf, reusedOf, spentOf } from "./head";
import css from "./Run.module.css";
import { useRunDocuments } from "./useRun";
import { Waiting } from "./Waiting";

// From a small answer and the states alone: however many stages there are.
export function RunHead({ run, states }: { run: string; states: RunStates | undefined }) {
  const { data } = useQuery(headQuery(run));
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
        {data && <Left head={data} />}
        {states && <Times states={states} data={data} />}
        {data && <Cost head={data} />}
      </div>
      <div className={css.facts}>
        {data && <Origin run={data} />}
        {data && Object.entries(data.labels ?? {}).map(([key, value]) => <Foreign key={key} text={`${key}=${value}`} />)}
      </div>
      {data && states && <Waiting head={data} states={states} />}
    </>
  );
}

function Left({ head }: { head: Head }) {
  const left = leftOf(head);
  if (!left) return null;
  return (
    <span>
      <b>{left.text}</b> (<Foreign text={left.basis} />)
    </span>
  );
}

function Cost({ head }: { head: Head }) {
  const spent = spentOf(head);
  const reused = reusedOf(head);
  return (
    <>
      {spent && <span title="Time of all attempts, times what each held">{spent}</span>}
      {reused && <span>{reused}</span>}
    </>
  );
}

function Times({ states, data }: { states: RunStates; data: Head | undefined }) {
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
          {states.finishedAt ? "took" : "for"} <Duration from={states.startedAt} to={states.finishedAt} />
        </span>
      )}
    </>
  );
}

function Origin({ run }: { run: Head }) {
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
