import { describe, expect, it } from "vitest";
import type { RunHead } from "@/api/types";
import { leftOf, reusedOf, roughly, spentOf, waitWords } from "./head";

function head(more: Partial<RunHead>): RunHead {
  return {
    id: "r",
    name: "n",
    workflow: "n.yaml",
    status: "running",
    created_at: "2026-11-26T12:00:00Z",
    started_at: null,
    finished_at: null,
    seed: 0,
    sequence: 1,
    tasks: { total: 3, succeeded: 1 },
    reused: 0,
    spent: { seconds: 0, cpu_seconds: 0, gpu_seconds: 0, gpus_in_use: 0 },
    ...more,
  };
}

describe("the time that is left", () => {
  it.each([
    [5_000, "less than a minute"],
    [4.4 * 60_000, "about 4 min"],
    [89 * 60_000, "about 89 min"],
    [3.3 * 3_600_000, "about 3 h 15 min"],
    [26 * 3_600_000, "about 26 h"],
    [80 * 3_600_000, "about 3 d"],
  ])("of %d ms is %s", (ms, words) => expect(roughly(ms)).toBe(words));
  it("says what it is made of, and what is not in it", () => {
    const basis = ["the progress of 2 running tasks", "the times of run r0", "without the wait for the answer to publish"];
    expect(leftOf(head({ estimate: { seconds: 240, basis } }))).toEqual({
      text: "about 4 min left",
      basis: "from the progress of 2 running tasks and the times of run r0, without the wait for the answer to publish",
    });
  });
  it("says why it is not known, and nothing of a run that is over", () => {
    expect(leftOf(head({ no_estimate: "no task of b has ended yet" }))).toEqual({ text: "time left unknown", basis: "no task of b has ended yet" });
    expect(leftOf(head({ status: "succeeded" }))).toBeUndefined();
  });
});

describe("what a run cost", () => {
  it("is GPU-hours where it used GPUs", () => {
    const spent = { seconds: 1, cpu_seconds: 7200, gpu_seconds: 5400, gpus_in_use: 4 };
    expect(spentOf(head({ spent }))).toBe("1.5 GPU-hours, 4 in use");
    expect(spentOf(head({ spent: { ...spent, gpu_seconds: 0, gpus_in_use: 0 } }))).toBe("2 CPU-hours");
    expect(spentOf(head({}))).toBeUndefined();
  });
  it("names what reuse saved, as far as it is known", () => {
    expect(reusedOf(head({}))).toBeUndefined();
    expect(reusedOf(head({ reused: 1 }))).toBe("1 task reused");
    expect(reusedOf(head({ reused: 11, saved: { tasks: 11, seconds: 840, gpu_seconds: 3600 } }))).toBe("11 tasks reused, saving 14 min, 1 GPU-hours");
    expect(reusedOf(head({ reused: 11, saved: { tasks: 4, seconds: 840, gpu_seconds: 0 } }))).toBe("11 tasks reused, saving 14 min of 4 of them");
  });
});

describe("why not more runs", () => {
  it("is room, or the time of the next attempt", () => {
    expect(waitWords(head({ waiting: { reason: "room", tasks: 12, stage: "sweep" } }), 2)).toBe("12 tasks wait for room");
    expect(waitWords(head({ waiting: { reason: "room", tasks: 1, stage: "sweep" } }), 0)).toMatch(/^Nothing runs: 1 task, sweep first, waits for CPUs/);
    expect(waitWords(head({ waiting: { reason: "retry", tasks: 1, until: "2026-11-26T12:00:05Z" } }), 0)).toMatch(/next attempt, not before \d\d:00:05$/);
    expect(waitWords(head({ waiting: { reason: "paused", tasks: 1 } }), 0)).toBeUndefined();
  });
});
