import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { checkpointsQuery } from "@/api/reading";
import type { Attempt, Stage } from "@/api/types";
import { clsx, Facts, Foreign, format, StatusLabel, useNow } from "@/design";
import { attemptPieces, type AttemptPieces, type Segment } from "./attempts";
import css from "./Drawer.module.css";
import run from "./Run.module.css";

const words: Record<Segment, string> = {
  queued: "waited for room",
  backoff: "waited for its retry",
  starting: "came up in",
  running: "ran",
};

interface Props {
  run: string;
  name: string; // STAGE or STAGE[LABEL]
  stage: Stage;
}

// Each attempt as the times it waited, came up and ran, all to one scale.
export function Attempts({ run: id, name, stage }: Props) {
  const attempts = stage.attempt_list ?? [];
  const now = useNow(stage.status === "running" ? 1_000 : 0);
  if (attempts.length === 0) return null;
  return (
    <section className={run.section}>
      <h3>{attempts.length === 1 ? "Attempt" : `${attempts.length} attempts`}</h3>
      <ol className={css.attempts}>
        {attemptPieces(attempts, stage, now).map((one) => (
          <AttemptRow key={one.attempt.attempt} run={id} name={name} one={one} />
        ))}
      </ol>
    </section>
  );
}

function AttemptRow({ run: id, name, one: { attempt, status, pieces, open } }: { run: string; name: string; one: AttemptPieces }) {
  return (
    <li>
      <div className={css.attemptHead}>
        <b>{attempt.attempt}</b>
        <StatusLabel status={status} />
        {attempt.cause !== "" && <span>{attempt.cause}</span>}
        <Link className={css.log} to="/runs/$run/logs" params={{ run: id }} search={{ of: name, attempt: attempt.attempt, stage: name }}>
          Log
        </Link>
      </div>
      <div className={css.track} aria-hidden="true">
        {pieces.map((piece) => (
          <span
            key={piece.kind}
            className={clsx(css.piece, css[piece.kind])}
            title={`${words[piece.kind]} ${format.duration(piece.to - piece.from)}`}
            style={{
              insetInlineStart: `${piece.left}%`,
              inlineSize: `${piece.width}%`,
              ...(piece.kind === "running" && { background: `var(--st-${status})` }),
            }}
          />
        ))}
      </div>
      <p className="muted">
        {pieces.map((piece) => `${words[piece.kind]} ${format.duration(piece.to - piece.from)}`).join(" · ")}
        {open && " so far"}
      </p>
      <Machine attempt={attempt} />
      {attempt.message !== "" && (
        <p className={css.message}>
          <Foreign text={attempt.message.split("\n")[0] ?? ""} />
        </p>
      )}
    </li>
  );
}

function Machine({ attempt }: { attempt: Attempt }) {
  const gpus = attempt.machine?.gpus;
  const host = attempt.machine?.host ?? attempt.machine?.hostname;
  const parts = [
    attempt.pid > 0 && `process ${attempt.pid}`,
    typeof host === "string" && `on ${host}`,
    Array.isArray(gpus) && gpus.length > 0 && `GPUs ${gpus.join(", ")}`,
  ].filter((part) => typeof part === "string");
  return parts.length > 0 ? <p className="muted">{parts.join(" ")}</p> : null;
}

const mostCheckpoints = 5;

export function Checkpoints({ run: id, name }: { run: string; name: string }) {
  const { data } = useQuery(checkpointsQuery({ run: id, stage: name }));
  const all = [...(data?.checkpoints ?? [])].sort((a, b) => b.step - a.step);
  if (all.length === 0) return null;
  return (
    <section className={run.section}>
      <h3>{all.length === 1 ? "Checkpoint" : `${all.length.toLocaleString("en")} checkpoints`}</h3>
      <Facts
        facts={all.slice(0, mostCheckpoints).map((one) => [
          `step ${one.step.toLocaleString("en")}`,
          <span key={one.step}>
            {format.bytes(one.bytes)} ·{" "}
            {one.status === "complete" ? "complete" : <b className={css.damaged}>damaged</b>}
            {one.reason && <>: <Foreign text={one.reason} /></>}
          </span>,
        ])}
      />
      {all.length > mostCheckpoints && <p className="muted">The newest {mostCheckpoints}; older ones down to step {all.at(-1)?.step.toLocaleString("en")}.</p>}
    </section>
  );
}

// What each attempt holds while it runs.
export function Resources({ resources }: { resources: Stage["resources"] }) {
  if (!resources) return null;
  const count = (number: number, what: string) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
  return (
    <section className={run.section}>
      <h3>Resources</h3>
      <p>
        {[
          count(resources.cpus, "CPU"),
          resources.gpus > 0 && count(resources.gpus, "GPU"),
          resources.memory_bytes !== undefined && `${format.bytes(resources.memory_bytes)} of memory`,
          ...Object.entries(resources.pools ?? {}).map(([pool, units]) => `${units.toLocaleString("en")} of pool ${pool}`),
        ]
          .filter(Boolean)
          .join(", ")}
      </p>
    </section>
  );
}
