import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { rolloutGroupQuery, type RolloutBody, type TaskPath } from "@/api/reading";
import { useKey } from "@/app/keys";
import type { GroupSearch } from "@/app/readingSearch";
import { buttonClass, clsx, Empty, Foreign, Loading, ProblemBox } from "@/design";
import bars from "../run/Reading.module.css";
import run from "../run/Run.module.css";
import { Choice } from "../run/Toggle";
import { useRunId } from "../run/useRun";
import { DiffView } from "./DiffView";
import { neighbour, turnsOf, within, type GroupKey } from "./group";
import { GroupTokens } from "./GroupTokens";
import { MemoryTree } from "./MemoryTree";
import { Question } from "./Question";
import css from "./Rollouts.module.css";
import { Scores } from "./Scores";
import { Legend, TokenText } from "./TokenBlock";
import { colouringsOf, type Token } from "./tokens";
import { useGroups } from "./useGroups";

// The rollouts of one question in one step, side by side.
export function GroupView() {
  const id = useRunId();
  const search = useSearch({ from: "/runs/$run/rollouts/group" });
  const { of, step, sample } = search;
  const task = useMemo<TaskPath>(() => ({ run: id, stage: of ?? "" }), [id, of]);
  if (of === undefined || step === undefined || sample === undefined) {
    return (
      <Empty title="The address names no group">
        <Link to="/runs/$run/rollouts" params={{ run: id }}>
          All rollouts
        </Link>
      </Empty>
    );
  }
  return <Group task={task} here={{ step, sample }} search={search} />;
}

interface GroupProps {
  task: TaskPath;
  here: GroupKey;
  search: GroupSearch;
}

function Group({ task, here, search }: GroupProps) {
  const { diff, colour } = search;
  const { data, error, isPending, refetch } = useQuery(rolloutGroupQuery(task, here.step, here.sample));
  const groups = useGroups(task, here);
  const navigate = useNavigate({ from: "/runs/$run/rollouts/group" });
  const columns = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [told, setTold] = useState<Token>();
  const bodies = useMemo(() => data?.rollouts ?? [], [data]);
  const remembers = useMemo(() => bodies.some((body) => turnsOf(body.turns).length > 0), [bodies]);
  const tree = remembers && search.as !== "side";
  const change = (next: Partial<GroupSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  // In the tree the rollout that is chosen is the one that n and p go on from.
  const branch = bodies.findIndex(({ index }) => String(index) === search.node?.split(".")[0]);
  const from = tree ? branch : at;
  const focus = (to: number) => {
    if (tree) {
      const body = bodies[to];
      if (body) change({ node: String(body.index) });
      return;
    }
    setAt(to);
    const element = columns.current?.children[to];
    if (!(element instanceof HTMLElement)) return;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const goTo = (group: GroupKey | undefined) => {
    if (group) void navigate({ search: (before) => ({ ...before, step: group.step, sample: group.sample, diff: undefined, node: undefined, shut: undefined }) });
  };
  const before = neighbour(groups, here, -1);
  const after = neighbour(groups, here, 1);
  useKey("n", "Next rollout of the group", () => focus(within(from, bodies.length, "n")));
  useKey("p", "Rollout before", () => focus(within(from, bodies.length, "p")));
  useKey("g g", "First rollout of the group", () => focus(0));
  useKey("G", "Last rollout of the group", () => focus(Math.max(0, bodies.length - 1)));
  useKey("N", "Next group", () => goTo(after));
  useKey("P", "Group before", () => goTo(before));
  const pair = diff?.split(",").map(Number);
  const [left, right] = (pair ?? []).map((row) => bodies.find((body) => body.row === row));
  const choose = (row: number) => {
    const other = pair?.[0] === row ? pair[1] : pair?.[0];
    void navigate({ search: (old) => ({ ...old, diff: other === undefined ? `${row},${row}` : `${other},${row}` }), replace: true });
  };
  return (
    <>
      <div className={bars.bars}>
        <Link to="/runs/$run/rollouts" params={{ run: task.run }} search={{ of: task.stage }}>
          All of {task.stage}
        </Link>
        <b>
          Step {here.step} · <Foreign text={here.sample} />
        </b>
        <span className="muted">{bodies.length} rollouts{data?.more && ", the first of more"}</span>
        {remembers && (
          <Choice label="View" options={[["tree", "Tree"], ["side", "Side by side"]]} value={tree ? "tree" : "side"} onChange={(as) => change({ as: as === "side" ? as : undefined, diff: undefined, colour: undefined })} />
        )}
        <span className={clsx(bars.group, bars.end)}>
          <button type="button" className={buttonClass()} disabled={!before} onClick={() => goTo(before)}>
            Group before (P)
          </button>
          <button type="button" className={buttonClass()} disabled={!after} onClick={() => goTo(after)}>
            Next group (N)
          </button>
        </span>
      </div>
      <div className={run.scroll} style={{ padding: 0 }}>
        <Question task={task} sample={here.sample} record={data?.sample?.record} />
        {error && !data && <ProblemBox problem={problemText(error)} retry={() => void refetch()} />}
        {isPending && <Loading what="the group" />}
        {left && right && left !== right && (
          <DiffView
            left={left}
            right={right}
            onClose={() => void navigate({ search: (old) => ({ ...old, diff: undefined }), replace: true })}
          />
        )}
        {tree && (
          <MemoryTree task={task} step={here.step} sample={here.sample} bodies={bodies} node={search.node} shut={search.shut} onChange={change} />
        )}
        {!tree && (
          <>
            <div className={css.groupBar}>
              <div className={css.tokenBar}>
                <Choice
                  label="Tokens, coloured"
                  options={[["", "Text"], ...colouringsOf(false)]}
                  value={colour ?? ""}
                  onChange={(next) => void navigate({ search: (old) => ({ ...old, colour: next || undefined }), replace: true })}
                />
                {colour && <Legend colouring={colour} />}
              </div>
              {colour && (
                <p className={css.told} role="status">
                  {told ? <TokenText token={told} /> : <span className="muted">Hover a token to read its values.</span>}
                </p>
              )}
            </div>
            <div ref={columns} className={css.columns}>
              {bodies.map((body, index) => (
                <Column
                  key={body.row}
                  body={body}
                  task={task}
                  colour={colour}
                  onToken={setTold}
                  current={index === at}
                  comparing={pair?.includes(body.row) ?? false}
                  onFocus={() => setAt(index)}
                  onCompare={() => choose(body.row)}
                />
              ))}
            </div>
          </>
        )}
      </div>
    </>
  );
}

interface ColumnProps {
  body: RolloutBody;
  task: TaskPath;
  colour: GroupSearch["colour"];
  onToken: (token: Token | undefined) => void;
  current: boolean;
  comparing: boolean;
  onFocus: () => void;
  onCompare: () => void;
}

function Column({ body, task, colour, onToken, current, comparing, onFocus, onCompare }: ColumnProps) {
  return (
    // The focus says which rollout n and p go on from.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className={clsx(css.column, current && css.currentColumn)}
      tabIndex={-1}
      onFocus={onFocus}
      aria-label={`Rollout ${body.index}`}
    >
      <header className={css.columnHead}>
        <Link to="/runs/$run/rollouts/$row" params={{ run: task.run, row: String(body.row) }} search={{ of: task.stage }}>
          Rollout {body.index}
        </Link>
        <label className={css.compare}>
          <input type="checkbox" checked={comparing} onChange={onCompare} /> compare
        </label>
        <Scores body={body} />
      </header>
      {colour && body.with_tokens && <GroupTokens task={task} body={body} colouring={colour} onToken={onToken} />}
      {colour && !body.with_tokens && <p className="muted">No token data was kept; its text:</p>}
      {!(colour && body.with_tokens) && (
        // It scrolls, so the keyboard reaches it.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.response} role="group" aria-label={`Response of rollout ${body.index}`} tabIndex={0}>
          {body.response !== undefined ? <Foreign text={body.response} /> : <span className="muted">No text was kept</span>}
          {body.cut?.response !== undefined && <span className="muted"> … the rest is with the rollout</span>}
        </div>
      )}
    </article>
  );
}
