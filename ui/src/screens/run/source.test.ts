import { describe, expect, it } from "vitest";
import { sourcePlace } from "./source";

const text = `cairn: 1
name: nightly
stages:
  data: {uses: shell, with: {run: "true"}}
  train:
    uses: sft
    resources: {cpus: 2, memory: 4GiB}
    timeout: 2h
    with:
      lr: 0.1
      batch_size: 8
`;

function marked(cause: string, message: string, stage = "train") {
  const place = sourcePlace(text, "/data/nightly.yaml", stage, { cause, message });
  if (!place) return undefined;
  return [place.line, place.lines[place.line - place.first]?.slice(place.column - 1, place.column - 1 + place.length)];
}

describe("the place of a failure in the workflow", () => {
  it("is the parameter that the message names", () => {
    expect(marked("error", "batch_size must divide 12; lr is fine")).toEqual([11, "batch_size"]);
    expect(marked("error", "parameter 'lr' is too large")).toEqual([10, "lr"]);
    expect(marked("error", "slry is no parameter")).toEqual([6, "uses"]);
  });
  it("is what the cause is about", () => {
    expect(marked("oom", "killed")).toEqual([7, "memory"]);
    expect(marked("timeout", "it ran for 2 h")).toEqual([8, "timeout"]);
  });
  it("is the command of a shell", () => expect(marked("error", "exit code 3", "data")).toEqual([4, "run"]));
  it("is where the message says itself", () => {
    const place = sourcePlace(text, "nightly.yaml", "train", { cause: "error", message: "nightly.yaml:2:7: no" });
    expect(place).toMatchObject({ line: 2, column: 7, first: 1 });
  });
  it("is nowhere in a text that has no such stage", () => expect(marked("error", "no", "other")).toBeUndefined());
});
