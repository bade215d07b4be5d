import { describe, expect, it } from "vitest";
import { ApiProblem, problemText, Unreachable } from "@/api/problem";
import { whyNot, type Action } from "../actions/allowed";

describe("actions", () => {
  it.each([
    ["cancel", "running", undefined],
    ["cancel", "succeeded", "the run is over"],
    ["pause", "paused", "it is paused"],
    ["unpause", "paused", undefined],
    ["unpause", "running", "it is not paused"],
    ["resume", "running", "the run goes on"],
    ["resume", "failed", undefined],
    ["resume", "interrupted", undefined],
    ["resume", "cancelled", undefined],
    ["resume", "succeeded", "everything is done"],
  ])("%s of a run that is %s: %s", (action, status, why) => expect(whyNot(action as Action, status, "admin")).toBe(why));
  it("are not a viewer's", () => expect(whyNot("cancel", "running", "viewer")).toBe("needs an admin's token"));
});

describe("problems", () => {
  it("say what, where and what to do next", () => {
    const text = problemText(
      new ApiProblem(422, {
        title: "Unprocessable",
        detail: "the workflow is wrong",
        hint: "correct it",
        errors: [{ file: "a.yaml", line: 3, column: 7, message: "unknown key", hint: "did you mean uses?" }],
      }),
    );
    expect(text).toEqual({
      title: "the workflow is wrong",
      hint: "correct it",
      places: [{ where: "a.yaml:3:7", message: "unknown key – did you mean uses?" }],
      trace: undefined,
    });
  });
  it("have a next step where the server names none", () => {
    expect(problemText(new ApiProblem(403, {})).hint).toContain("admin");
    expect(problemText(new Unreachable()).hint).toContain("cairn serve");
  });
});
