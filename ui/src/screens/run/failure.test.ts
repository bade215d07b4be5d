import { describe, expect, it } from "vitest";
import { furtherReasons, nextStepOf, oneLine, reusedFrom } from "./failure";

const failure = { cause: "error", message: "exit code 3; its last output:\n  the disk is on fire" };

describe("a failure", () => {
  it("is said once", () => {
    const reasons = ["error: exit code 3; its last output: the disk is on fire", "3 attempts were made"];
    expect(furtherReasons(reasons, failure)).toEqual(["3 attempts were made"]);
    expect(furtherReasons(reasons, undefined)).toEqual(reasons);
  });
  it("fits a line", () => {
    expect(oneLine(failure.message)).toBe("exit code 3; its last output: the disk is on fire");
    expect(oneLine("x".repeat(300))).toHaveLength(241);
  });
  it.each(["oom", "timeout", "crash", "error", "preempted", "node_failed", "upstream_failed", "corrupt_record", "lost_artifact", "invalid_output"])(
    "by %s has a next step",
    (cause) => expect(nextStepOf(cause)).toMatch(/\.$/),
  );
});

describe("a reason", () => {
  it("names whose result is reused", () => {
    expect(reusedFrom("the result was known from 1m8c/sweep[a=1/2]")).toEqual({ run: "1m8c", task: "sweep[a=1/2]" });
    expect(reusedFrom("waits for train, which is running")).toBeUndefined();
  });
});
