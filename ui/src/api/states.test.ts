import { describe, expect, it } from "vitest";
import { adopt, foldProgress, foldStates, readStates, stale, type RunStates } from "./states";
import type { StateDelta, States } from "./types";

const document: States = {
  id: "r",
  sequence: 10,
  revision: 0,
  status: "running",
  started_at: null,
  finished_at: null,
  tasks: { total: 5, succeeded: 1, by_status: {} },
  stages: "srp",
  task_states: { "1": "rpp" },
};

function delta(sequence: number, more: Partial<StateDelta> = {}): StateDelta {
  return {
    run: "r",
    sequence,
    revision: 0,
    status: "running",
    started_at: null,
    finished_at: null,
    tasks: { total: 5, succeeded: 1, by_status: {} },
    stages: [],
    task_states: [],
    ...more,
  };
}

function folded(before: RunStates, ...deltas: StateDelta[]): RunStates {
  const after = foldStates(before, deltas);
  if (after === stale) throw new Error("stale");
  return after;
}

describe("states", () => {
  const before = readStates(document);
  it("are read with their counts", () => {
    expect(before.stages.map((stage) => stage.status)).toEqual(["succeeded", "running", "pending"]);
    expect(before.counts).toEqual({ succeeded: 1, running: 1, pending: 3 });
  });
  it("take what has changed, and keep what has not", () => {
    const after = folded(before, delta(11, { task_states: [[1, 0, "s"], [1, 2, "f"]] }));
    expect(after.stages[1]?.letters).toBe("spf");
    expect(after.stages[1]?.counts).toEqual({ succeeded: 1, pending: 1, failed: 1 });
    expect(after.stages[0]).toBe(before.stages[0]);
    expect(after.stages[2]).toBe(before.stages[2]);
    expect(after.counts).toEqual({ succeeded: 2, pending: 2, failed: 1 });
  });
  it("take many changes as if one came after the other", () => {
    const all = [
      delta(11, { task_states: [[1, 1, "r"]] }),
      delta(12, { task_states: [[1, 1, "s"]], stages: [[2, "r"]] }),
      delta(13, { stages: [[2, "f"]], status: "failed" }),
    ];
    const one = all.reduce((states, next) => folded(states, next), before);
    expect(folded(before, ...all)).toEqual(one);
    expect(one.status).toBe("failed");
    expect(one.stages[2]?.counts).toEqual({ failed: 1 });
  });
  it("ignore what they hold already", () => {
    expect(foldStates(before, [delta(10, { stages: [[0, "f"]] })])).toBe(before);
    const after = folded(before, delta(11, { stages: [[2, "r"]] }));
    expect(foldStates(after, [delta(11, { stages: [[2, "r"]] })])).toBe(after);
  });
  it("grow with a foreach that was expanded", () => {
    const after = folded(before, delta(11, { task_states: [[2, 3, "r"]] }));
    expect(after.stages[2]?.letters).toBe("pppr");
  });
  it("are read anew for another revision or a stage that is not known", () => {
    expect(foldStates(before, [delta(11, { revision: 1 })])).toBe(stale);
    expect(foldStates(before, [delta(11, { stages: [[7, "r"]] })])).toBe(stale);
  });
  it("that come whole keep the stages that say the same", () => {
    const after = adopt(before, { ...document, sequence: 20, stages: "srr" });
    expect(after.stages[1]).toBe(before.stages[1]);
    expect(after.stages[2]?.status).toBe("running");
    expect(after.sequence).toBe(20);
  });
  it("know how far a task is", () => {
    const item = { stage: 1, task: 0, done: 3, total: 9, unit: "steps", metrics: {}, log_bytes: 0, metric_bytes: 0 };
    expect(foldProgress(before, [item]).progress.get("1:0")?.done).toBe(3);
    expect(foldProgress(before, [])).toBe(before);
  });
});
