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
  it("begins with what is to be done", () => expect(byWork(planRows(stages)).map((row) => row.name)).toEqual(["sweep", "train", "data"]));
});
