// The attempts of a task as segments of time, as a pure function.
import type { Attempt, Stage } from "@/api/types";
import type { Status } from "@/design";
import { foldedScale } from "@/timeline/scale";

export type Segment = "queued" | "backoff" | "starting" | "running";

export interface Piece {
  kind: Segment;
  from: number; // ms since 1970
  to: number;
  left: number; // in percent of the width
  width: number;
}

export interface AttemptPieces {
  attempt: Attempt;
  status: Status;
  pieces: Piece[]; // without those of no length
  open: boolean; // it goes on
}

// Long gaps between attempts take some percent only.
export function attemptPieces(attempts: readonly Attempt[], stage: Pick<Stage, "status">, now: number): AttemptPieces[] {
  const spans = attempts.map((attempt, at) => spansOf(attempt, at === 0, at === attempts.length - 1 && stage.status === "running", now));
  const busy = spans.flat().filter(({ kind }) => kind !== "queued" && kind !== "backoff");
  const all = spans.flat();
  const from = all.reduce((least, span) => Math.min(least, span.from), Infinity);
  const to = all.reduce((most, span) => Math.max(most, span.to), -Infinity);
  const scale = foldedScale(busy, all.length > 0 ? { from, to: Math.max(to, from + 1) } : { from: 0, to: 1 }, 100);
  return attempts.map((attempt, at) => ({
    attempt,
    status: statusOf(attempt, at === attempts.length - 1, stage.status),
    open: at === attempts.length - 1 && stage.status === "running" && attempt.finished_at === null,
    pieces: (spans[at] ?? []).map((span) => {
      const left = scale.x(span.from);
      return { ...span, left, width: scale.x(span.to) - left };
    }),
  }));
}

function spansOf(attempt: Attempt, first: boolean, live: boolean, now: number): { kind: Segment; from: number; to: number }[] {
  const time = (text: string | null | undefined) => (text ? Date.parse(text) : undefined);
  const end = time(attempt.finished_at) ?? (live ? now : undefined);
  const created = time(attempt.created_at) ?? time(attempt.started_at);
  if (created === undefined) return [];
  const started = time(attempt.started_at) ?? end ?? created;
  const ready = time(attempt.ready_at) ?? created;
  const spans: { kind: Segment; from: number; to: number }[] = [
    { kind: first ? "queued" : "backoff", from: ready, to: created },
    { kind: "starting", from: created, to: started },
    { kind: "running", from: started, to: end ?? started },
  ];
  return spans.filter(({ from, to }) => to > from);
}

function statusOf(attempt: Attempt, last: boolean, stage: string): Status {
  if (attempt.cause === "returned") return "skipped";
  if (attempt.cause === "cancelled") return "cancelled";
  if (attempt.cause !== "") return "failed";
  if (attempt.finished_at !== null) return last && stage === "interrupted" ? "interrupted" : last || stage === "succeeded" ? "succeeded" : "interrupted";
  return last && stage === "running" ? "running" : "interrupted";
}
