import { describe, expect, it } from "vitest";
import { whyNot } from "./allowed";
import { changedNames, commandOf, forkBody, paramDiff, paramsOf, rerunBody, resumeBody, type Choice } from "./derive";

const choice: Choice = { stage: "train", step: 40, params: { lr: 0.1 }, accept: true };
const plain: Choice = { stage: "", step: undefined, params: {}, accept: false };

describe("a run made from another", () => {
  it("asks for what was chosen and for nothing else", () => {
    expect(resumeBody(plain)).toEqual({});
    expect(resumeBody(choice)).toEqual({ from: "train", params: { lr: 0.1 }, accept_changed_plugins: true });
    expect(rerunBody({ ...plain, stage: "a" })).toEqual({ from: "a" });
    expect(forkBody(choice)).toEqual({ stage: "train", step: 40, params: { lr: 0.1 }, accept_changed_plugins: true });
  });
  it("reads the same on the command line", () => {
    expect(commandOf("resume", "r1", plain)).toBe("cairn resume r1");
    expect(commandOf("resume", "r1", choice)).toBe("cairn resume r1 --from train --set lr=0.1 --accept-changed-plugins");
    expect(commandOf("fork", "r1", choice)).toBe("cairn fork r1 --at train:40 --set lr=0.1 --accept-changed-plugins");
    expect(commandOf("rerun", "r1", { ...plain, stage: "sweep[a=1]" })).toBe("cairn rerun r1 --from 'sweep[a=1]'");
  });
  it("quotes what a shell would take apart", () => {
    const params = { who: "sun and moon", quote: "it's $HOME", none: "", list: ["a b"], n: 3 };
    expect(commandOf("rerun", "r1", { ...plain, stage: "a", params })).toBe(
      `cairn rerun r1 --from a --set 'who=sun and moon' --set 'quote=it'\\''s $HOME' --set none= --set 'list=["a b"]' --set n=3`,
    );
    expect(commandOf("resume", "r1", { ...plain, params: { who: "sun and moon" } })).toBe("cairn resume r1 --set 'who=sun and moon'");
    expect(commandOf("fork", "r1", { ...plain, stage: "sweep[a b]", step: 40 })).toBe("cairn fork r1 --at 'sweep[a b]:40'");
  });
  it("knows which parameters are others than in the run", () => {
    const told = { doc: "", required: false, file: "w.yaml", line: 1, column: 1 };
    const params = paramsOf([
      { ...told, name: "n", type: "int", default: 3, value: 7 },
      { ...told, name: "l", type: "list", default: [1], value: [1, 2] },
    ]);
    expect(params.map((param) => param.default)).toEqual(["7", "[1,2]"]);
    expect(changedNames(params, { n: 7, l: [3] })).toEqual(["l"]);
  });
  it("shows them as lines of YAML, before and after", () => {
    const lines = paramDiff(["l", "who", "new"], { l: [1, 2], who: "3" }, { l: [3], who: "sun", new: true });
    expect(lines.map(({ sign, text }) => `${sign}${text}`)).toEqual([" params:", "-  l: [1,2]", "+  l: [3]", '-  who: "3"', "+  who: sun", "+  new: true"]);
    expect(paramDiff([], {}, {})).toEqual([]);
  });
});

describe("an action", () => {
  it("is not for those who may only look", () => expect(whyNot("fork", "failed", "viewer")).toBe("needs an admin's token"));
  it("says why the run's state does not allow it", () => {
    expect(whyNot("cancel", "failed", "admin")).toBe("the run is over");
    expect(whyNot("delete", "running", "admin")).toContain("cancel it first");
    expect(whyNot("resume", "running", "admin")).toBe("the run goes on");
    expect(whyNot("resume", "failed", "admin")).toBeUndefined();
    expect(whyNot("unpause", "paused", "admin")).toBeUndefined();
  });
});
