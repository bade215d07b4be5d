import { describe, expect, it } from "vitest";
import { setStageParam, yamlScalar } from "./setParam";

function after(text: string, param: string, value: unknown): string | undefined {
  const change = setStageParam(text, "a", param, value);
  return change && text.slice(0, change.from) + change.insert + text.slice(change.to);
}

describe("a parameter written into the text", () => {
  it("takes the place of the value that is there", () => {
    expect(after("stages:\n  a:\n    uses: t\n    with:\n      n: 3  # few\n", "n", 4)).toBe("stages:\n  a:\n    uses: t\n    with:\n      n: 4  # few\n");
    expect(after('stages:\n  a: {uses: t, with: {n: "a, b", m: 1}}\n', "n", "c")).toBe("stages:\n  a: {uses: t, with: {n: c, m: 1}}\n");
    expect(after("stages:\n  a: {uses: t, with: {n: }}\n", "n", 1)).toBe("stages:\n  a: {uses: t, with: {n: 1}}\n");
  });
  it("goes first below with, as its neighbours are written", () => {
    expect(after("stages:\n  a:\n    uses: t\n    with:\n        m: 1\n", "n", 2)).toBe("stages:\n  a:\n    uses: t\n    with:\n        n: 2\n        m: 1\n");
    expect(after("stages:\n  a: {uses: t, with: {m: 1}}\n", "n", 2)).toBe("stages:\n  a: {uses: t, with: {n: 2, m: 1}}\n");
    expect(after("stages:\n  a: {uses: t, with: {}}\n", "n", 2)).toBe("stages:\n  a: {uses: t, with: {n: 2}}\n");
  });
  it("makes with where there is none", () => {
    expect(after("stages:\n  a:\n    uses: t\n    after: [b]\n", "n", true)).toBe("stages:\n  a:\n    uses: t\n    with:\n      n: true\n    after: [b]\n");
    expect(after("stages:\n  a: {uses: t}\n", "n", 1)).toBe("stages:\n  a: {uses: t, with: {n: 1}}\n");
  });
  it("leaves lists and maps alone", () => expect(after("stages:\n  a: {uses: t, with: {n: [1]}}\n", "n", 1)).toBeUndefined());
  it("is quoted where it could be taken for something else", () => {
    expect(["a b", "true", "3", "x: y", "${params.n}", ""].map(yamlScalar)).toEqual(["a b", '"true"', '"3"', '"x: y"', '"${params.n}"', '""']);
    expect([3, true, [1]].map(yamlScalar)).toEqual(["3", "true", "[1]"]);
  });
});
