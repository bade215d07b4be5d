import { useEffect, useMemo, useRef, type KeyboardEvent } from "react";
import type { RolloutBody, TaskPath } from "@/api/reading";
import { clsx, Foreign, format, Icon } from "@/design";
import { notesOf } from "./group";
import { headOf } from "../records/text";
import css from "./MemoryTree.module.css";
import { TreeDetail } from "./TreeDetail";
import { moveBy, rewardsOf, rootId, treeOf, visibleNodes, type TreeNode } from "./tree";

interface Props {
  task: TaskPath;
  step: number;
  sample: string;
  bodies: readonly RolloutBody[];
  node: string | undefined;
  shut: readonly string[] | undefined;
  onChange: (next: { node?: string; shut?: string[] | undefined }) => void;
}

// A memory agent's group: the question, from which each rollout branches, with its turns and its
// answer; what is chosen stands beside it.
export function MemoryTree({ task, step, sample, bodies, node, shut, onChange }: Props) {
  const nodes = useMemo(() => treeOf(bodies), [bodies]);
  const folded = useMemo(() => new Set(shut), [shut]);
  const visible = useMemo(() => visibleNodes(nodes, folded), [nodes, folded]);
  const chosen = nodes.find(({ id }) => id === node) ?? nodes[0];
  // What is folded away is held by the branch above it.
  const current = visible.find(({ id }) => id === chosen?.id) ?? visible.find(({ id }) => id === chosen?.parent) ?? visible[0];
  const tree = useRef<HTMLDivElement>(null);
  const currentId = current?.id;
  // Where keys and clicks have led that is not drawn yet: the next one goes on from there.
  const goal = useRef<string>(undefined);
  useEffect(() => {
    const led = goal.current === currentId;
    if (led) goal.current = undefined;
    const element = tree.current?.querySelector<HTMLElement>(`[data-node="${currentId}"]`);
    element?.scrollIntoView({ block: "nearest" });
    // Where the element that had the focus is folded away in the same moment, nothing has it now.
    const lost = led && document.activeElement === document.body;
    if (lost || tree.current?.contains(document.activeElement)) element?.focus({ preventScroll: true });
  }, [currentId]);
  if (!current || !chosen) return null;
  const fold = (id: string, on: boolean) => {
    const next = on ? [...folded, id] : [...folded].filter((one) => one !== id);
    const moves = on && chosen.id !== id && within(chosen, id);
    if (moves) goal.current = id === current.id ? undefined : id;
    onChange({ shut: next.length > 0 ? next : undefined, ...(moves && { node: id }) });
  };
  const go = (id: string) => {
    goal.current = id === current.id ? undefined : id;
    onChange({ node: id });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const move = moveBy(event.key, visible, folded, goal.current ?? current.id);
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    if (move.to !== undefined) go(move.to);
    if (move.shut !== undefined) fold(move.shut, true);
    if (move.open !== undefined) fold(move.open, false);
  };
  return (
    <div className={css.split}>
      <div ref={tree} className={css.tree} role="tree" aria-label="Turns of the group" tabIndex={-1} onKeyDown={onKeyDown}>
        {visible.map((one) => (
          // The tree around them answers the keys.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={one.id}
            data-node={one.id}
            role="treeitem"
            aria-level={one.level}
            aria-posinset={one.at + 1}
            aria-setsize={one.siblings}
            aria-expanded={one.children > 0 ? !folded.has(one.id) : undefined}
            aria-selected={one.id === current.id}
            tabIndex={one.id === current.id ? 0 : -1}
            className={clsx(css.item, css[`level${one.level}`], one.id === current.id && css.chosen, one.last && css.last)}
            onClick={() => go(one.id)}
          >
            {one.level === 3 && !one.lastBranch && <span className={css.through} aria-hidden="true" />}
            {one.children > 0 ? (
              <span
                className={css.fold}
                aria-hidden="true"
                onClick={(event) => {
                  event.stopPropagation();
                  fold(one.id, !folded.has(one.id));
                }}
              >
                <Icon name={folded.has(one.id) ? "right" : "down"} />
              </span>
            ) : (
              <span className={css.dot} aria-hidden="true" />
            )}
            <Label node={one} bodies={bodies} sample={sample} />
          </div>
        ))}
      </div>
      <TreeDetail task={task} step={step} sample={sample} node={chosen} bodies={bodies} />
    </div>
  );
}

const within = (node: TreeNode, id: string) => node.parent === id || id === rootId;

const shownWords = 160;

function Label({ node, bodies, sample }: { node: TreeNode; bodies: readonly RolloutBody[]; sample: string }) {
  const { kind, body, turn, like } = node;
  if (kind === "question") {
    const rewards = rewardsOf(bodies);
    return (
      <>
        <b>Question</b>
        <span className={css.words}>
          <Foreign text={sample} />
        </span>
        {rewards && <span className={css.fact}>reward {format.number(rewards.mean)} on average</span>}
      </>
    );
  }
  if (!body) return null;
  if (kind === "rollout") {
    const notes = notesOf({ ...body, turns: 1 });
    return (
      <>
        <b>Rollout {body.index}</b>
        <Reward body={body} />
        <span className={css.words}>{notes.length > 0 && <span className={css.wrong}>{notes.join(", ")}</span>}</span>
        <span className={css.fact}>
          {node.children.toLocaleString("en")} {node.children === 1 ? "turn" : "turns"}
        </span>
      </>
    );
  }
  const text = kind === "answer" ? (body.answer ?? body.response ?? "") : (turn?.memory ?? "");
  return (
    <>
      <b>{kind === "answer" ? "Answer" : `Turn ${node.number}`}</b>
      {kind === "answer" && <Reward body={body} />}
      <span className={css.words}>{text === "" ? <span className="muted">nothing</span> : <Foreign text={headOf(text, shownWords)} />}</span>
      {turn?.cut && <span className={css.wrong}>cut</span>}
      {like !== undefined && <span className={css.fact}>as rollout {like}</span>}
    </>
  );
}

// With a sign of the advantage in shape and colour.
function Reward({ body: { reward, advantage } }: { body: RolloutBody }) {
  const sign = advantage === null || advantage === 0 ? "zero" : advantage > 0 ? "up" : "down";
  return (
    <span className={clsx(css.reward, css[sign])} title={advantage === null ? "No advantage" : `Advantage ${format.number(advantage)}`}>
      <span aria-hidden="true">{sign === "up" ? "▲" : sign === "down" ? "▼" : "•"}</span> reward {reward === null ? "–" : format.number(reward)}
    </span>
  );
}
