import { describe, expect, it } from "vitest";
import type { TokenData } from "@/api/reading";
import { rolloutFilter, rolloutsSearch } from "@/app/readingSearch";
import { diff } from "./diff";
import { extrasOf, groupsOf, neighbour, rowsOf, turnsOf, within } from "./group";
import { toneOfReward } from "./StepStrip";
import { colouringsOf, legendOf, rangeOf, rangeText, tokensOf, toneOf, type Token } from "./tokens";

const token: Token = { at: 0, id: 1, text: "a", hex: false, logprob: -2, reference: -0.2, entropy: 0.7, counts: true, special: false };

describe("the colour of a token", () => {
  it("grows with entropy and with surprise", () => {
    expect([0, 0.1, 0.6, 1.2, 5].map((entropy) => toneOf({ ...token, entropy }, "entropy", 0))).toEqual(["e0", "e1", "e2", "e3", "e4"]);
    expect([-0.01, -0.2, -1, -2, -9].map((logprob) => toneOf({ ...token, logprob }, "logprob", 0))).toEqual(["l0", "l1", "l2", "l3", "l4"]);
    expect(toneOf(token, "reference", 0)).toBe("l1");
  });
  it("is offered by reference only where there is one", () => {
    expect(colouringsOf(true).map(([name]) => name)).toContain("reference");
    expect(colouringsOf(false).map(([name]) => name)).not.toContain("reference");
  });
  it("has the sign of the advantage where the loss counts the token", () => {
    expect([1, -1, 0, null].map((advantage) => toneOf(token, "advantage", advantage))).toEqual(["up", "down", "none", "none"]);
    expect(toneOf({ ...token, counts: false }, "advantage", 1)).toBe("out");
    expect([true, false].map((counts) => toneOf({ ...token, counts }, "mask", 1))).toEqual(["in", "out"]);
  });
  it("is none where nothing was noted", () => {
    expect(toneOf({ ...token, entropy: null }, "entropy", 0)).toBe("none");
  });
  it("stands in the legend", () => {
    for (const [colouring] of colouringsOf(true)) {
      const tones = new Set(legendOf(colouring).map(({ tone }) => tone));
      for (const entropy of [0, 0.3, 9]) expect(tones.has(toneOf({ ...token, entropy }, colouring, 1))).toBe(true);
    }
  });
});

it("tokens know their place, and pieces that are no text are hexadecimal", () => {
  const data = { from: 4_096, total: 9_000, ids: [7, 8], pieces: ["é", { hex: "e2" }], logprob: [-1, null], entropy: [], counts: [false, true], special: [] };
  const [one, other] = tokensOf(data as unknown as TokenData);
  expect(one).toMatchObject({ at: 4_096, id: 7, text: "é", counts: false, entropy: null });
  expect(other).toMatchObject({ at: 4_097, text: "e2", hex: true, logprob: null });
});

it("a range of tokens reads as it is written", () => {
  expect(rangeOf("12-20")).toEqual([12, 20]);
  expect(rangeOf("20-12")).toEqual([12, 20]);
  expect(rangeOf(rangeText(5, 5))).toEqual([5, 5]);
  expect(rangeOf("x")).toBeUndefined();
});

describe("the difference of two responses", () => {
  const sides = (left: string, right: string) => diff(left, right).map((part) => `${part.side[0]}:${part.text}`);
  it("shares what both have", () => {
    expect(sides("The answer is 4", "The answer is 17")).toEqual(["b:The answer is ", "l:4", "r:17"]);
    expect(sides("same", "same")).toEqual(["b:same"]);
    expect(sides("", "new")).toEqual(["r:new"]);
  });
  it("gives both texts back", () => {
    const texts = ["a b c d e f", "b c x e f g", "x", "", "a a a b", "the the cat sat"];
    for (const left of texts)
      for (const right of texts) {
        const parts = diff(left, right);
        expect(parts.filter(({ side }) => side !== "right").map(({ text }) => text).join("")).toBe(left);
        expect(parts.filter(({ side }) => side !== "left").map(({ text }) => text).join("")).toBe(right);
      }
  });
});

describe("groups", () => {
  const rows = [
    { step: 1, sample: "a" },
    { step: 1, sample: "a" },
    { step: 1, sample: "b" },
    { step: 2, sample: "a" },
  ];
  it("begin where step or sample change", () => {
    expect(groupsOf(rows)).toEqual([{ step: 1, sample: "a" }, { step: 1, sample: "b" }, { step: 2, sample: "a" }]);
  });
  it("know their first rollout", () => {
    expect(groupsOf([{ step: 1, sample: "a", row: 4 }, { step: 1, sample: "a", row: 5 }])).toEqual([{ step: 1, sample: "a", row: 4 }]);
  });
  it("have neighbours, and ends", () => {
    const groups = groupsOf(rows);
    expect(neighbour(groups, { step: 1, sample: "b" }, 1)).toEqual({ step: 2, sample: "a" });
    expect(neighbour(groups, { step: 1, sample: "a" }, -1)).toBeUndefined();
    expect(neighbour(groups, { step: 9, sample: "a" }, 1)).toBeUndefined();
  });
  it("are walked within by n and p", () => {
    expect([within(0, 3, "n"), within(2, 3, "n"), within(0, 3, "p"), within(0, 0, "n")]).toEqual([1, 2, 0, 0]);
  });
});

it("a turn of a memory agent is given what the one before wrote, unless it says otherwise", () => {
  const turns = turnsOf([
    { chunk: 1, documents: ["d"], given: { memory: "", plan: "p" }, memory: "m1", plan: "q", memory_cut: true, tokens: 5, finish: "stop" },
    { chunk: 2, memory: "m2" },
    { prompt_tokens: 1, tokens: 2, finish: "length" },
  ]);
  expect(turns.map((turn) => turn.given)).toEqual(["", "m1", "m2"]);
  expect(turns[0]).toMatchObject({ cut: true, documents: ["d"], memory: "m1" });
  expect(turns[2]?.title).toBe("Turn 3: answers");
  expect(turns[2]?.facts).toContain("cut at its limit");
  expect(turnsOf(3)).toEqual([]);
});

it("filters in the URL are those of the API, and nonsense is none", () => {
  const search = rolloutsSearch({ step_min: "3", reward_max: "x", truncated: "no", advantage: "up", sort: "-reward" });
  expect(rolloutFilter(search)).toMatchObject({ step_min: 3, reward_max: undefined, truncated: false, advantage: undefined });
  expect(search.sort).toBe("-reward");
});

it("a step is as dark as its reward is high", () => {
  expect([0, 0.5, 1, null].map((value) => toneOfReward(value, 0, 1))).toEqual([0, 2, 4, -1]);
});

describe("what else a trainer wrote of a rollout", () => {
  it("is told apart from what every rollout has", () => {
    const votes = [{ verdict: "right", answer: "7" }];
    expect(extrasOf({ row: 1, step: 1, reward: 0, response: "x", turns: [], votes })).toEqual([["votes", votes]]);
  });
  it("is a table where it is a list of objects", () => {
    expect(rowsOf([{ verdict: "right", answer: "7" }, { verdict: "wrong", seconds: { a: 1 } }])).toEqual({
      columns: ["verdict", "answer", "seconds"],
      rows: [["right", "7", ""], ["wrong", "", '{"a":1}']],
    });
    for (const value of [[], [1], "x", { a: 1 }, [null]]) expect(rowsOf(value)).toBeUndefined();
  });
});
