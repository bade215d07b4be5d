import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { rolloutGroupQuery, rolloutQuery, type TaskPath } from "@/api/reading";
import { useKey } from "@/app/keys";
import type { RolloutSearch } from "@/app/readingSearch";
import { Button, buttonClass, CodeText, Empty, Foreign, format, Loading, ProblemBox, ScrollRegion } from "@/design";
import bars from "../run/Reading.module.css";
import run from "../run/Run.module.css";
import { Choice } from "../run/Toggle";
import { useRunId } from "../run/useRun";
import { Extras } from "./Extras";
import { neighbour, turnsOf } from "./group";
import { Question } from "./Question";
import css from "./Rollouts.module.css";
import { Scores } from "./Scores";
import { Tokens } from "./Tokens";
import { Turns } from "./Turns";
import { useGroups } from "./useGroups";
import { useRest } from "./useRest";

const views = [
  ["text", "Text"],
  ["tokens", "Tokens"],
  ["json", "JSON"],
] as const;

// One rollout: its text, its tokens, and for a memory agent its turns.
export function RolloutView() {
  const id = useRunId();
  const { row } = useParams({ from: "/runs/$run/rollouts/$row" });
  const search = useSearch({ from: "/runs/$run/rollouts/$row" });
  const task = useMemo<TaskPath>(() => ({ run: id, stage: search.of ?? "" }), [id, search.of]);
  if (search.of === undefined || !/^\d+$/.test(row)) return <Empty title="The address names no rollout" />;
  return <One key={`${search.of} ${row}`} task={task} row={Number(row)} search={search} />;
}

function One({ task, row, search }: { task: TaskPath; row: number; search: RolloutSearch }) {
  const { data, error, isPending, refetch } = useQuery(rolloutQuery(task, row));
  const navigate = useNavigate({ from: "/runs/$run/rollouts/$row" });
  const change = useCallback(
    (next: Partial<RolloutSearch>) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const body = data?.rollout;
  const group = useQuery({
    ...rolloutGroupQuery(task, body?.step ?? 0, body?.sample ?? ""),
    enabled: body !== undefined,
  });
  const rows = group.data?.rollouts?.map((other) => other.row) ?? [];
  const at = rows.indexOf(row);
  const go = (to: number | undefined) => {
    if (to !== undefined)
      void navigate({ to: "/runs/$run/rollouts/$row", params: { run: task.run, row: String(to) }, search: { of: task.stage, view: search.view, colour: search.colour } });
  };
  useKey("n", "Next rollout of the group", () => go(rows[at + 1]));
  useKey("p", "Rollout before", () => go(rows[at - 1]));
  useKey("g g", "First rollout of the group", () => go(rows[0]));
  useKey("G", "Last rollout of the group", () => go(rows.at(-1)));
  const groups = useGroups(task, body && { step: body.step, sample: body.sample });
  useKey("N", "Next group", () => go(body && neighbour(groups, body, 1)?.row));
  useKey("P", "Group before", () => go(body && neighbour(groups, body, -1)?.row));
  const turns = useMemo(() => turnsOf(body?.turns), [body]);
  if (error && !data) return <ProblemBox problem={problemText(error)} retry={() => void refetch()} />;
  if (isPending || !body) return <Loading what="the rollout" />;
  const view = search.view ?? (data.tokens && search.byte === undefined ? "tokens" : "text");
  return (
    <>
      <div className={bars.bars}>
        <Link to="/runs/$run/rollouts" params={{ run: task.run }} search={{ of: task.stage }}>
          All of {task.stage}
        </Link>
        <Link to="/runs/$run/rollouts/group" params={{ run: task.run }} search={{ of: task.stage, step: body.step, sample: body.sample }}>
          Its group
        </Link>
        <b>
          Step {body.step} · <Foreign text={body.sample} /> · {body.index}
        </b>
        <Choice label="View" options={views} value={view} onChange={(next) => change({ view: next })} />
        <span className={`${bars.group} ${bars.end}`}>
          <button type="button" className={buttonClass()} disabled={at <= 0} onClick={() => go(rows[at - 1])}>
            Before (p)
          </button>
          <button type="button" className={buttonClass()} disabled={at < 0 || at >= rows.length - 1} onClick={() => go(rows[at + 1])}>
            Next (n)
          </button>
        </span>
      </div>
      <ScrollRegion label={`Rollout ${body.index}`} className={run.scroll} style={{ padding: 0 }}>
        <Question task={task} sample={body.sample} record={data.sample?.record} />
        <div className={css.head}>
          <Scores body={body} />
          {body.finish !== undefined && <span className="muted">ended: {body.finish}</span>}
        </div>
        {view === "text" && turns.length > 0 && <Turns turns={turns} />}
        {view === "text" && <WholeText task={task} row={row} first={body.response} bytes={data.response_bytes} byte={search.byte} />}
        {view === "text" && <Extras body={body} />}
        {view === "tokens" &&
          (data.tokens ? (
            <Tokens task={task} row={row} total={data.tokens.total} turns={data.tokens.turns ?? []} advantage={body.advantage} search={search} onChange={change} />
          ) : (
            <Empty title="No token data was kept of this rollout">
              The stage's parameter rollout_tokens says of which rollouts tokens are recorded; older builds recorded none.
            </Empty>
          ))}
        {view === "json" && (
          <div className={css.json}>
            <CodeText label="The rollout as JSON" text={JSON.stringify({ ...body }, null, 2)} wrap />
          </div>
        )}
      </ScrollRegion>
    </>
  );
}

interface TextProps {
  task: TaskPath;
  row: number;
  first: string | undefined;
  bytes: number;
  byte: number | undefined;
}

// The response, read on in pieces where it is long; what a search found is marked.
function WholeText({ task, row, first, bytes, byte }: TextProps) {
  const { text, from, left, more, busy } = useRest(task, row, first ?? "", bytes, byte);
  if (first === undefined) return <Empty title="No text was kept of this rollout" />;
  const [before, behind] = byte === undefined ? [text, undefined] : splitAtByte(text, byte - from);
  return (
    <section className={css.text} aria-label="Response">
      {from > 0 && <p className="muted">… begins at byte {from.toLocaleString("en")} of {bytes.toLocaleString("en")}</p>}
      <p className={css.response}>
        <Foreign text={before} />
        {behind !== undefined && (
          <>
            <mark ref={(element) => element?.scrollIntoView({ block: "center" })} className={css.mark}>
              ▸
            </mark>
            <Foreign text={behind} />
          </>
        )}
      </p>
      {left > 0 && (
        <Button disabled={busy} onClick={more}>
          Show more of {format.bytes(left)}
        </Button>
      )}
    </section>
  );
}

// A text cut at a byte of its UTF-8.
function splitAtByte(text: string, byte: number): [string, string] {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  return [decoder.decode(bytes.slice(0, Math.max(0, byte))), decoder.decode(bytes.slice(Math.max(0, byte)))];
}
