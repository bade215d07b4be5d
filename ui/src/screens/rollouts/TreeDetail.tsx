import { Link } from "@tanstack/react-router";
import type { RolloutBody, TaskPath } from "@/api/reading";
import { Foreign, format } from "@/design";
import css from "./MemoryTree.module.css";
import own from "./Rollouts.module.css";
import { Scores } from "./Scores";
import { rewardsOf, type TreeNode } from "./tree";
import { TurnBody } from "./Turns";

interface Props {
  task: TaskPath;
  step: number;
  sample: string;
  node: TreeNode;
  bodies: readonly RolloutBody[];
}

// What is chosen in the tree, whole.
export function TreeDetail({ task, step, sample, node, bodies }: Props) {
  const { kind, body, turn } = node;
  const title = !body ? "Question" : kind === "rollout" ? `Rollout ${body.index}` : `Rollout ${body.index}, ${kind === "answer" ? "answer" : `turn ${node.number}`}`;
  return (
    // It scrolls, so the keyboard reaches it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className={css.detail} aria-label={title} tabIndex={0}>
      <header className={own.columnHead}>
        <h3>{title}</h3>
        {turn && <span className="muted">{turn.facts}</span>}
        {body && <Links task={task} node={node} body={body} />}
      </header>
      {!body && <Overview step={step} sample={sample} bodies={bodies} />}
      {kind === "rollout" && body && <Scores body={body} />}
      {turn && <TurnBody turn={turn} />}
      {kind === "answer" && body && <Scores body={body} />}
      {(kind === "answer" || kind === "rollout") && body && (
        <div className={own.memory}>
          <h4>Response</h4>
          <p className={own.response}>{body.response === undefined ? <span className="muted">No text was kept</span> : <Foreign text={body.response} />}</p>
          {body.cut?.response !== undefined && <p className="muted">… the rest is with the rollout</p>}
        </div>
      )}
      {node.like !== undefined && <p className="muted">Rollout {node.like} wrote the same, character by character.</p>}
    </section>
  );
}

function Overview({ step, sample, bodies }: { step: number; sample: string; bodies: readonly RolloutBody[] }) {
  const rewards = rewardsOf(bodies);
  return (
    <dl className={own.scores}>
      <div>
        <dt>sample</dt>
        <dd>
          <Foreign text={sample} />
        </dd>
      </div>
      <div>
        <dt>step</dt>
        <dd>{step.toLocaleString("en")}</dd>
      </div>
      <div>
        <dt>rollouts</dt>
        <dd>{bodies.length.toLocaleString("en")}</dd>
      </div>
      {rewards && (
        <div>
          <dt>reward</dt>
          <dd>
            {format.number(rewards.mean)} on average, {format.number(rewards.least)} to {format.number(rewards.most)}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Links({ task, node, body }: { task: TaskPath; node: TreeNode; body: RolloutBody }) {
  const to = { to: "/runs/$run/rollouts/$row", params: { run: task.run, row: String(body.row) } } as const;
  const range = node.tokens && `${node.tokens[0]}-${node.tokens[1]}`;
  return (
    <span className={own.links}>
      <Link {...to} search={{ of: task.stage, view: "text" }}>
        The rollout
      </Link>
      {body.with_tokens && (
        <Link {...to} search={{ of: task.stage, view: "tokens", ...(range !== undefined && { tokens: range }) }}>
          {range === undefined ? "Its tokens" : "Tokens of this turn"}
        </Link>
      )}
    </span>
  );
}
