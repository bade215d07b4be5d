import { describe, expect, it } from "vitest";
import type { PlannedStage } from "@/api/types";
import { byWork, planRows, planSummary } from "./plan";

const stage = (name: string, action: PlannedStage["action"], more: Partial<PlannedStage> = {}): PlannedStage => ({ name, uses: "t", tasks: 1, action, ...more });
const stages = [
  stage("data", "reuse", { because: ["an earlier result has the same key"] }),
  stage("train", "continue", { step: 1040, because: ["it was interrupted"], differs: ["with.lr"] }),
  stage("sweep", "run", { tasks: 8, by_action: { run: 3, reuse: 5 } }),
];

describe("a plan", () => {
  it("says in one line what comes of it", () => {
    expect(planSummary(stages)).toBe("3 stages: 1 run, 1 continue, 1 reused");
    expect(planSummary([stage("a", "run")])).toBe("1 stage: 1 run");
    expect(planSummary([])).toBe("No stages");
  });
  it("names the step, the parts of several tasks, and why", () => {
    expect(planRows(stages).map((row) => [row.words, row.why])).toEqual([
      ["reuse", "an earlier result has the same key"],
      ["continue from step 1,040", "it was interrupted; with.lr differs"],
      ["run 3, reuse 5", ""],
    ]);
  });
  it("says what work is saved, of each stage and in all", () => {
    const saving = stages.map((one, at) => (at === 2 ? one : { ...one, saved: { seconds: 600 * (at + 1), gpu_seconds: 7200 * at } }));
    expect(planRows(saving).map((row) => row.saved)).toEqual(["10 min", "20 min, 2 GPU-hours", undefined]);
    expect(planSummary(saving)).toBe("3 stages: 1 run, 1 continue, 1 reused · saves 30 min, 2 GPU-hours of work");
  });
  it("begins with what is to be done", () => expect(byWork(planRows(stages)).map((row) => row.name)).toEqual(["sweep", "train", "data"]));
});
