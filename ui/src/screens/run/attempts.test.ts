import { describe, expect, it } from "vitest";
import type { Attempt } from "@/api/types";
import { attemptPieces } from "./attempts";

const noon = Date.parse("2026-11-26T12:00:00Z");
const at = (seconds: number) => new Date(noon + seconds * 1000).toISOString();

function attempt(number: number, ready: number, created: number, started: number | null, finished: number | null, cause = ""): Attempt {
  return {
    attempt: number,
    host: "h",
    pid: 1,
    ready_at: at(ready),
    created_at: at(created),
    started_at: started === null ? null : at(started),
    finished_at: finished === null ? null : at(finished),
    cause,
    message: "",
    machine: {},
  };
}

describe("the attempts of a task", () => {
  const found = attemptPieces([attempt(1, 0, 10, 11, 20, "crash"), attempt(2, 20, 30, 31, null)], { status: "running" }, noon + 40_000);
  it("are times in which it was queued, came up, ran, and waited for its retry", () => {
    expect(found.map(({ pieces }) => pieces.map(({ kind, from, to }) => [kind, (to - from) / 1000]))).toEqual([
      [["queued", 10], ["starting", 1], ["running", 9]],
      [["backoff", 10], ["starting", 1], ["running", 9]],
    ]);
    expect(found.map(({ status, open }) => [status, open])).toEqual([
      ["failed", false],
      ["running", true],
    ]);
  });
  it("follow each other over the whole width", () => {
    const pieces = found.flatMap((one) => one.pieces);
    expect(pieces[0]?.left).toBe(0);
    for (const [n, piece] of pieces.slice(1).entries()) expect(piece.left).toBeCloseTo((pieces[n]?.left ?? 0) + (pieces[n]?.width ?? 0));
    expect((pieces.at(-1)?.left ?? 0) + (pieces.at(-1)?.width ?? 0)).toBeCloseTo(100);
  });
  it("days apart are still to be seen", () => {
    const days = attemptPieces([attempt(1, 0, 0, 0, 60, "preempted"), attempt(2, 60, 400_000, 400_000, 400_060)], { status: "succeeded" }, noon);
    for (const one of days) expect(one.pieces.find(({ kind }) => kind === "running")?.width).toBeGreaterThan(20);
    expect(days.map(({ status }) => status)).toEqual(["failed", "succeeded"]);
  });
  it("that were cut off have no end", () => {
    const [one] = attemptPieces([attempt(1, 0, 1, 2, null)], { status: "interrupted" }, noon + 99_000);
    expect(one?.status).toBe("interrupted");
    expect(one?.pieces.map(({ kind }) => kind)).toEqual(["queued", "starting"]);
  });
});
