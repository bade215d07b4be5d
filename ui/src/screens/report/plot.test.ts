import { describe, expect, it } from "vitest";
import { along, axisOf, evenAxis } from "./plot";

const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 1000) / 1000);

describe("an axis", () => {
  it("holds all values between round ends", () => {
    const axis = axisOf([0.359, 0.512]);
    expect(rounded(axis.ticks)).toEqual([0.35, 0.4, 0.45, 0.5, 0.55]);
    expect(rounded([axis.from, axis.to])).toEqual([0.35, 0.55]);
    expect(rounded(axisOf([0.35, 0.55]).ticks)).toEqual([0.35, 0.4, 0.45, 0.5, 0.55]);
  });
  it("is one even without values, or with one value alone", () => {
    expect(axisOf([]).ticks.length).toBeGreaterThan(1);
    expect(axisOf([0.4, NaN]).to).toBeGreaterThan(axisOf([0.4]).from);
  });
  it("has few ticks", () => {
    for (const [low, high] of [[0, 1], [0.1, 0.11], [0.2, 0.97], [-2, 3]] as const) expect(axisOf([low, high]).ticks.length).toBeLessThanOrEqual(6);
  });
  it("of differences has 0 in its middle", () => {
    expect(rounded(evenAxis([-0.172, 0.044]).ticks)).toEqual([-0.2, -0.1, 0, 0.1, 0.2]);
    expect(along(evenAxis([0.1]), 0)).toBe(0.5);
    expect(evenAxis([]).ticks).toContain(0);
  });
  it("holds what lies outside at its ends", () => expect([along({ from: 0, to: 1, ticks: [] }, -3), along({ from: 0, to: 1, ticks: [] }, 3)]).toEqual([0, 1]));
});
