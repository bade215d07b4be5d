import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { artifactsQuery, lineageQuery, type At } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import { explainQuery, workflowQuery } from "@/api/queries";
import type { LineageNode, LineageTree } from "@/api/types";
import { CodeText, Digest, Empty, Facts, Foreign, Icon, Loading, ProblemBox, ScrollRegion } from "@/design";
import { readAt, writeAt } from "../artifacts/place";
import { stageText } from "../newrun/scan";
import { useRunId } from "../run/useRun";
import css from "./Lineage.module.css";

type Consumers = NonNullable<LineageTree["consumers"]>;
const mostSteps = 400; // of a tree that are drawn

// What one artifact was made from and what was made of it, with the configuration and the code that made it.
export function LineageTab() {
  const run = useRunId();
  const { at } = useSearch({ from: "/runs/$run/lineage" });
  const place = readAt(at);
  const last = useInfiniteQuery({ ...artifactsQuery(run), enabled: !place });
  if (place) return <Lineage key={at} run={run} at={place} />;
  if (last.error) return <ProblemBox problem={problemText(last.error)} retry={() => void last.refetch()} />;
  if (last.isPending) return <Loading what="artifacts" />;
  const artifacts = last.data.pages.flatMap((page) => page.artifacts);
  const end = artifacts.at(-1);
  if (!end) return <Empty title="Nothing made yet">What a stage made has a lineage.</Empty>;
  return <Lineage key="last" run={run} at={{ task: end.task, output: end.name }} />;
}

function Lineage({ run, at }: { run: string; at: At }) {
  const query = useQuery(lineageQuery(run, at));
  if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="the lineage" lines={10} />;
  const { artifact, consumers = [] } = query.data;
  return (
    <ScrollRegion label="Lineage" className={css.lineage}>
      <section className={css.side} aria-label="Made from">
        <h2>Made from</h2>
        {(artifact.inputs ?? []).length === 0 && <p className="muted">Nothing else in this run: it came from outside, by its parameters.</p>}
        <Inputs run={run} nodes={artifact.inputs ?? []} left={{ count: mostSteps }} />
      </section>
      <Middle run={run} artifact={artifact} />
      <section className={css.side} aria-label="Used by">
        <h2>Used by</h2>
        {consumers.length === 0 && <p className="muted">Nothing yet.</p>}
        <Uses run={run} consumers={consumers} left={{ count: mostSteps }} />
      </section>
    </ScrollRegion>
  );
}

function Middle({ run, artifact }: { run: string; artifact: LineageNode }) {
  const owner = artifact.run || run;
  const workflow = useQuery(workflowQuery(owner)).data;
  const environment = useQuery(explainQuery(owner, artifact.task)).data?.environment;
  const git = environment?.git as { commit?: unknown; dirty?: unknown } | undefined;
  const written = workflow && stageText(workflow.text, artifact.task.replace(/\[.*$/, ""));
  const params = Object.entries(artifact.params ?? {});
  return (
    <section className={css.middle} aria-label="The artifact">
      <h2>
        <Foreign text={writeAt(artifact)} />
      </h2>
      <Facts
        facts={[
          ["Kind", <Foreign key="kind" text={artifact.kind} />],
          ["Digest", <Digest key="digest" value={artifact.digest} />],
          [
            "Look inside",
            <Link key="inside" to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt(artifact) }}>
              files and records
            </Link>,
          ],
          [
            "Made by",
            <span key="by">
              <Link to="/runs/$run/graph" params={{ run: owner }} search={{ stage: artifact.task }}>
                <Foreign text={artifact.task} />
              </Link>{" "}
              <span className="muted">in run {owner}</span>
            </span>,
          ],
          artifact.reused_from !== undefined && ["Reused from", <From key="from" text={artifact.reused_from} output={artifact.output} />],
          [
            "Code",
            <Link key="code" to="/plugins/$type" params={{ type: artifact.uses }}>
              {artifact.uses}
            </Link>,
          ],
          typeof git?.commit === "string" && [
            "Commit",
            <span key="commit">
              <Digest value={git.commit} what="Commit" /> {git.dirty === true && <span className="muted">with changes</span>}
            </span>,
          ],
        ]}
      />
      <h3>Configuration of {artifact.task}</h3>
      <p>
        <Link to="/runs/$run/config" params={{ run: owner }}>
          In the whole workflow
        </Link>
      </p>
      {written !== undefined && <CodeText label={`${artifact.task} in the workflow`} text={written} />}
      {params.length === 0 && written === undefined && <p className="muted">It has no parameters.</p>}
      <dl className={css.params}>
        {params.map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {typeof value === "object" && value !== null ? (
                <CodeText label={name} text={JSON.stringify(value, null, 2)} />
              ) : (
                <code>
                  <Foreign text={typeof value === "string" ? value : JSON.stringify(value)} />
                </code>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

// "RUN/TASK": where it was really made.
function From({ text, output }: { text: string; output: string }) {
  const slash = text.indexOf("/");
  if (slash < 0) return <Foreign text={text} />;
  return (
    <Link to="/runs/$run/lineage" params={{ run: text.slice(0, slash) }} search={{ at: writeAt({ task: text.slice(slash + 1), output }) }}>
      {text}
    </Link>
  );
}

interface Left {
  count: number;
}

function Step({ run, at, kind, note }: { run: string; at: At; kind: string; note?: string | undefined }) {
  return (
    <span className={css.step}>
      <Icon name="right" />
      <span>
        <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(at) }}>
          <Foreign text={writeAt(at)} />
        </Link>{" "}
        <span className="muted">
          <Foreign text={[kind, note].filter(Boolean).join(" · ")} />
        </span>
      </span>
    </span>
  );
}

function Inputs({ run, nodes, left }: { run: string; nodes: readonly LineageNode[]; left: Left }) {
  if (nodes.length === 0) return null;
  return (
    <ul className={css.tree}>
      {nodes.slice(0, left.count).map((node, at) => (
        <li key={`${at} ${writeAt(node)}`}>
          <Step run={node.run || run} at={node} kind={node.kind} note={[node.port && `as ${node.port}`, node.seen && "shown above"].filter(Boolean).join(" · ")} />
          <Inputs run={run} nodes={node.inputs ?? []} left={left} />
          {(node.more ?? 0) > 0 && <p className="muted">and {node.more} more</p>}
        </li>
      ))}
    </ul>
  );
}

function Uses({ run, consumers, left }: { run: string; consumers: Consumers; left: Left }) {
  if (consumers.length === 0) return null;
  return (
    <ul className={css.tree}>
      {consumers.slice(0, left.count).map((consumer, at) => (
        <li key={`${at} ${consumer.run} ${consumer.task}`}>
          {(consumer.outputs ?? []).length === 0 && (
            <span className={css.step}>
              <Icon name="right" />
              <span>
                <Foreign text={`${consumer.task} as ${consumer.port}`} /> <span className="muted">{consumer.seen ? "shown above" : ""}</span>
              </span>
            </span>
          )}
          {(consumer.outputs ?? []).map((output) => (
            <div key={output.name}>
              <Step
                run={consumer.run}
                at={{ task: consumer.task, output: output.name }}
                kind={output.kind}
                note={[consumer.run !== run && `run ${consumer.run}`, consumer.cached && "reused"].filter(Boolean).join(" · ")}
              />
              <Uses run={run} consumers={output.consumers ?? []} left={left} />
            </div>
          ))}
          {(consumer.more ?? 0) > 0 && <p className="muted">and {consumer.more} more</p>}
        </li>
      ))}
    </ul>
  );
}
