import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { problemText } from "@/api/problem";
import { explainQuery, stageQuery } from "@/api/queries";
import type { Attempt, Output, Stage, StageExplanation } from "@/api/types";
import {
  Button,
  Digest,
  Drawer,
  Duration,
  Facts,
  Foreign,
  format,
  Loading,
  ProblemBox,
  Progress,
  StatusBar,
  StatusLabel,
  StatusLegend,
  statuses,
  statusOf,
  Time,
  type Counts,
} from "@/design";
import { Attempts, Checkpoints, Resources } from "./Attempts";
import { Failure } from "./Failure";
import { furtherReasons, reusedFrom, type FailureInfo } from "./failure";
import { StageActions } from "../actions/StageActions";
import { writeAt } from "../artifacts/place";
import css from "./Run.module.css";
import { useChooseStage } from "./useStage";

interface Props {
  run: string;
  stage: string;
  onClose: () => void;
}

// A stage or one of its tasks: how it stands, why, what went wrong, what it made.
export function StageDrawer({ run, stage, onClose }: Props) {
  const query = useQuery(stageQuery(run, stage));
  const why = useQuery(explainQuery(run, stage));
  const told = why.data?.stages?.[0];
  return (
    <Drawer title={<Foreign text={stage} />} label="Stage" onClose={onClose}>
      {query.isPending && <Loading what="the stage" />}
      {query.error && !query.data && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.data && <StageBody run={run} stage={query.data} name={stage} why={told} />}
    </Drawer>
  );
}

function StageBody({ run, stage, name, why }: { run: string; stage: Stage; name: string; why: StageExplanation | undefined }) {
  const { progress } = stage;
  // Of several tasks, the one that the explanation gives as an example.
  const failure = stage.error ?? lastFailure(stage.attempt_list ?? []) ?? lastFailure(why?.example?.attempts ?? []);
  return (
    <>
      <Facts
        facts={[
          ["Status", <StatusLabel key="status" status={stage.status} cached={stage.cached} />],
          ["Type", <code key="type">{stage.uses}</code>],
          stage.started_at !== null && ["Started", <Time key="started" at={stage.started_at} />],
          stage.started_at !== null && [
            "Took",
            <Duration key="took" from={stage.started_at} to={stage.finished_at} />,
          ],
          stage.attempts > 0 && ["Attempts", stage.attempts],
        ]}
      />
      {progress.done + progress.total > 0 && stage.status === "running" && (
        <div className={css.section}>
          <Progress {...progress} label={`Progress of ${name}`} />
        </div>
      )}
      {failure && <Failure run={run} stage={bareName(stage, name)} failure={failure} />}
      {stage.tasks && <Tasks stage={stage} />}
      {why && <Why why={why} cached={stage.cached} reasons={furtherReasons(why.because ?? [], failure)} />}
      <Attempts run={run} name={name} stage={stage} />
      {!stage.tasks && stage.attempts > 0 && <Checkpoints run={run} name={name} />}
      <Resources resources={stage.resources} />
      <Outputs run={run} name={name} outputs={stage.outputs} />
      <StageLinks run={run} name={name} stage={stage} />
      <Metrics metrics={stage.metrics} />
      <Params params={stage.params} />
      <section className={css.section}>
        <StageActions run={run} stage={stage.name} />
      </section>
    </>
  );
}

// Of a task, the stage that it is of.
function bareName(stage: Stage, name: string): string {
  return stage.label === undefined ? stage.name : name.slice(0, name.indexOf("["));
}

function lastFailure(attempts: readonly Attempt[]): FailureInfo | undefined {
  return [...attempts].reverse().find((attempt) => attempt.cause !== "");
}

function Reasons({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return (
    <ul className={css.list}>
      {reasons.map((reason) => (
        <li key={reason}>
          <Reason text={reason} />
        </li>
      ))}
    </ul>
  );
}

// The run whose result is reused is a click away.
function Reason({ text }: { text: string }) {
  const from = reusedFrom(text);
  if (!from) return <Foreign text={text} />;
  return (
    <>
      the result was known from{" "}
      <Link to="/runs/$run/graph" params={{ run: from.run }} search={{ stage: from.task }}>
        <Foreign text={`${from.run}/${from.task}`} />
      </Link>
    </>
  );
}

function Tasks({ stage }: { stage: Stage }) {
  // What is wrong comes first.
  const rank = (task: Stage) => statuses.indexOf(statusOf(task.status, task.cached));
  const tasks = [...(stage.task_list ?? [])].sort((a, b) => rank(a) - rank(b));
  const choose = useChooseStage();
  const counts: Counts = Object.fromEntries(statuses.map((status) => [status, stage.tasks?.by_status?.[status] ?? 0]));
  return (
    <section className={css.section}>
      <h3>{stage.tasks?.total.toLocaleString("en")} tasks</h3>
      <StatusBar counts={counts} label="Tasks" />
      <StatusLegend counts={counts} />
      <ul className={css.list}>
        {tasks.map((task) => (
          <li key={task.name + (task.label ?? "")}>
            <Button kind="plain" onClick={() => choose(taskName(stage.name, task))}>
              <StatusLabel status={task.status} cached={task.cached} />
              <Foreign text={task.label ?? task.name} />
            </Button>
          </li>
        ))}
      </ul>
      {(stage.tasks?.total ?? 0) > tasks.length && (
        <p className="muted">The first {tasks.length}; the tab Tasks lists all.</p>
      )}
    </section>
  );
}

function taskName(stage: string, task: Stage): string {
  return task.label === undefined || task.name.endsWith("]") ? task.name : `${stage}[${task.label}]`;
}

function Why({ why, cached, reasons }: { why: StageExplanation; cached: boolean; reasons: readonly string[] }) {
  const { cache } = why;
  if (reasons.length === 0 && !cache) return null;
  return (
    <section className={css.section}>
      <h3>{cached ? "Why it is reused" : "Why"}</h3>
      <Reasons reasons={reasons} />
      {cached && <p className="muted">Every part of its key is as it was: type and revision, parameters, inputs.</p>}
      {cache && (
        <Facts
          facts={[
            ["Key", <Digest key="key" value={cache.key} what="Cache key" />],
            cache.compared_with !== undefined && ["Compared with", <code key="with">{cache.compared_with}</code>],
            cache.differs !== undefined && cache.differs.length > 0 && ["Differs in", cache.differs.join(", ")],
            cache.note !== undefined && ["Note", <Foreign key="note" text={cache.note} />],
          ]}
        />
      )}
    </section>
  );
}

function isOutput(value: unknown): value is Output {
  return typeof value === "object" && value !== null && "digest" in value;
}

function Outputs({ run, name, outputs }: { run: string; name: string; outputs: Stage["outputs"] }) {
  const entries = Object.entries(outputs ?? {});
  if (entries.length === 0) return null;
  return (
    <section className={css.section}>
      <h3>Outputs</h3>
      <Facts
        facts={entries.map(([output, value]) => [
          output,
          isOutput(value) ? (
            <>
              <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt({ task: name, output }) }}>
                {value.kind}
              </Link>{" "}
              · {format.bytes(value.bytes)} <Digest value={value.digest} />
            </>
          ) : (
            <Link to="/runs/$run/artifacts" params={{ run }}>
              {Array.isArray(value) ? value.length.toLocaleString("en") : 0} artifacts
            </Link>
          ),
        ])}
      />
    </section>
  );
}

// What the task wrote, each in a tab of the run.
function StageLinks({ run, name, stage }: { run: string; name: string; stage: Stage }) {
  if (stage.tasks) return null;
  const params = { run };
  return (
    <section className={css.section}>
      <h3>What it wrote</h3>
      <p className={css.facts}>
        <Link to="/runs/$run/logs" params={params} search={{ of: name, stage: name }}>
          Log
        </Link>
        <Link to="/runs/$run/metrics" params={params} search={{ of: [name], stage: name }}>
          Metrics
        </Link>
        {stage.outputs?.rollouts !== undefined && (
          <Link to="/runs/$run/rollouts" params={params} search={{ of: name, stage: name }}>
            Rollouts
          </Link>
        )}
      </p>
    </section>
  );
}

function Metrics({ metrics }: { metrics: Stage["metrics"] }) {
  const entries = Object.entries(metrics ?? {});
  if (entries.length === 0) return null;
  return (
    <section className={css.section}>
      <h3>Metrics</h3>
      <Facts facts={entries.map(([name, value]) => [name, format.number(value)])} />
    </section>
  );
}

function Params({ params }: { params: Stage["params"] }) {
  const entries = Object.entries(params ?? {});
  if (entries.length === 0) return null;
  return (
    <section className={css.section}>
      <h3>Parameters</h3>
      <Facts
        facts={entries.map(([name, value]) => [
          name,
          <Foreign key={name} text={typeof value === "string" ? value : JSON.stringify(value)} />,
        ])}
      />
    </section>
  );
}
