import { describe, expect, it } from "vitest";
import { controlOf, declaredParams, rangeWords, setOptions, typedValues } from "./declared";

const text = `params:
  steps: {type: int, default: 60, min: 1, max: 90, description: "Steps, all in all"}
  mode:
    type: enum
    values: [fast, exact]
    default: fast
  other: {type: enum, values: [a, b], default: a}
  sizes: {type: list, default: [1, 2]}
  fair: {type: bool, default: false, description: Control}
  place: {type: path, required: true}
stages: {}
`;

describe("parameters of a workflow", () => {
  const params = declaredParams(text);
  it("come with type, range, values and what they are for", () => {
    expect(params.map((param) => param.name)).toEqual(["steps", "mode", "other", "sizes", "fair", "place"]);
    expect(params[0]).toEqual({ name: "steps", type: "int", doc: "Steps, all in all", default: "60", complex: false, min: 1, max: 90, values: [] });
    expect(params[1]).toMatchObject({ type: "enum", values: ["fast", "exact"], default: "fast" });
    expect(params[2]?.values).toEqual(["a", "b"]);
    expect(params[3]).toMatchObject({ complex: true, default: undefined });
  });
  it("have a control each", () => expect(params.map(controlOf)).toEqual(["number", "choice", "choice", "json", "bool", "text"]));
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
