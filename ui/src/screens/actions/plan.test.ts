import { describe, expect, it } from "vitest";
import type { PlannedStage } from "@/api/types";
import type { Stage } from "@/api/types";
import { byWork, planRows, planSummary, tookOf } from "./plan";

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
  it("says what work is saved: of what is reused, and up to the step that is gone on from", () => {
    const ran = (name: string, seconds: number, done: number, cached = false) =>
      ({
        name,
        cached,
        started_at: "2026-11-26T18:00:00.000Z",
        finished_at: new Date(Date.parse("2026-11-26T18:00:00.000Z") + seconds * 1000).toISOString(),
        progress: { done, total: 2080, unit: "steps" },
      }) as Stage;
    const took = tookOf([ran("data", 600, 1), ran("train", 4000, 2080), ran("sweep", 80, 8)]);
    expect(planRows(stages, took).map((row) => row.savedMs)).toEqual([600_000, 2_000_000, 50_000]);
    expect(planSummary(stages, took)).toBe("3 stages: 1 run, 1 continue, 1 reused · saves 44 min 10 s of work");
    expect(planRows(stages, tookOf([ran("data", 600, 1, true)]))[0]?.savedMs).toBeUndefined();
  });
  it("begins with what is to be done", () => expect(byWork(planRows(stages)).map((row) => row.name)).toEqual(["sweep", "train", "data"]));
});
