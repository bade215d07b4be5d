import { describe, expect, it } from "vitest";
import type { WorkflowParam } from "@/api/types";
import { controlOf, foldParams, formParam, givenLike, rangeWords, sentParams, setOptions, typedValues } from "./params";

const told = (name: string, type: WorkflowParam["type"], more: Partial<WorkflowParam> = {}): WorkflowParam => ({
  name, type, doc: "", required: false, file: "workflow.yaml", line: 4, column: 3, ...more,
});
const all = [
  told("steps", "int", { default: 60, value: 60, min: 1, max: 90, doc: "Steps, all in all" }),
  told("mode", "enum", { default: "fast", value: "fast", values: ["fast", "exact"] }),
  told("size", "tokens", { default: "20k", value: 20_000 }),
  told("sizes", "list", { default: [1, 2], value: [1, 2] }),
  told("fair", "bool", { default: false, value: false }),
  told("place", "path", { required: true }),
  told("key", "secret", { default: "env:KEY", value: { $secret: "env:KEY" } }),
];

describe("parameters of a workflow", () => {
  const params = all.map((param) => formParam(param));
  it("come with type, range, values and what they are for", () => {
    expect(params[0]).toEqual({ name: "steps", type: "int", doc: "Steps, all in all", required: false, default: "60", min: 1, max: 90, values: [] });
    expect(params.map((param) => param.default)).toEqual(["60", "fast", "20k", "[1,2]", "false", undefined, "env:KEY"]);
    expect(formParam(all[6] as WorkflowParam, { $secret: "file:/k" }).default).toBe("file:/k");
  });
  it("stay in their place while something is wrong with the text", () => {
    const broken = foldParams(params, { valid: false });
    expect(broken.map((param) => param.name)).toEqual(params.map((param) => param.name));
    expect(broken.every((param) => param.old)).toBe(true);
    expect(sentParams(broken)).toHaveLength(params.length);
    const one = foldParams(broken, { valid: false, params: [...all.slice(1), told("more", "int")] });
    expect(one.map((param) => [param.name, param.old ?? false])).toEqual([...all.map(({ name }) => [name, name === "steps"]), ["more", false]]);
    expect(sentParams(one).map((param) => param.name)).not.toContain("steps");
  });
  it("are those of the text once nothing is wrong with it", () => {
    const broken = foldParams(params, { valid: false });
    expect(foldParams(broken, { valid: true, params: all.slice(2, 4) })).toEqual(params.slice(2, 4));
    expect(foldParams(broken, { valid: true })).toEqual([]);
  });
  it("are given like those of a run where the text by itself has others", () => {
    const run = { steps: 60, mode: "exact", size: 20_000, sizes: [1, 2, 3], fair: true, place: "/a", key: { $secret: "env:KEY" }, gone: 1 };
    expect(givenLike(run, all)).toEqual({ mode: "exact", sizes: "[1,2,3]", fair: "true", place: "/a" });
  });
  it("have a control each", () => expect(params.map(controlOf)).toEqual(["number", "choice", "text", "json", "bool", "text", "text"]));
  it("say their range", () => expect(params.slice(0, 2).map(rangeWords)).toEqual(["int, 1 to 90", "one of fast, exact"]));
  it("become values of their types; nothing typed is nothing given", () => {
    const typed = typedValues(params, { steps: "70", mode: "exact", sizes: "[3]", fair: "true", place: " " });
    expect(typed).toEqual({ values: { steps: 70, mode: "exact", sizes: [3], fair: true }, wrong: {} });
  });
  it("say what cannot be a value", () => {
    expect(typedValues(params, { steps: "many", sizes: "[3" })).toEqual({ values: {}, wrong: { steps: "no number", sizes: "no JSON" } });
  });
  it("read the same on the command line", () => {
    expect(setOptions({ steps: 70, place: "/a b", sizes: [1, 2] })).toBe(" --set steps=70 --set 'place=/a b' --set 'sizes=[1,2]'");
  });
});
