import { describe, expect, it } from "vitest";
import type { LogLine, LogPage } from "@/api/reading";
import { marked, spansOf } from "./ansi";
import { append, hitFrom, mostLines, nextHit, placeOf, prepend, targetOf, windowOf } from "./window";

const line = (number: number, more: Partial<LogLine> = {}): LogLine =>
  ({ line: number, offset: number * 10, end: number * 10 + 10, text: `line ${number}`, ...more }) as LogLine;
const page = (from: number, to: number, more: Partial<LogPage> = {}): LogPage =>
  ({
    attempt: 1,
    source: "log",
    size: 1_000_000,
    lines: 100_000,
    items: Array.from({ length: to - from }, (_, at) => line(from + at)),
    previous: `1:${from * 10}`,
    next: `1:${to * 10}`,
    at_begin: from === 0,
    at_end: false,
    going_on: true,
    ...more,
  }) as LogPage;

describe("the window of a log", () => {
  it("goes on at its end without a line twice", () => {
    const window = append(windowOf(page(0, 10)), page(10, 20));
    expect(window.lines.map((one) => one.line)).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(window.next).toBe("1:200");
  });
  it("takes a line that was still being written again, whole", () => {
    const before = windowOf(page(0, 3));
    const torn = { ...before, lines: [...before.lines, line(3, { partial: true, text: "li" })] };
    const window = append(torn, page(3, 5));
    expect(window.lines.map((one) => one.text)).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4"]);
  });
  it("stays small: what is far out of sight is forgotten, and its cursor leads back to it", () => {
    let window = windowOf(page(0, 200));
    for (let from = 200; from < 2_000; from += 200) window = append(window, page(from, from + 200));
    expect(window.lines).toHaveLength(mostLines);
    expect(window.atBegin).toBe(false);
    expect(window.previous).toBe(`1:${(2_000 - mostLines) * 10}`);
    window = prepend(window, page(1_000, 1_200));
    expect(window.lines).toHaveLength(mostLines);
    expect(window.lines[0]?.line).toBe(1_000);
    expect(window.next).toBe(`1:${(1_000 + mostLines) * 10}`);
    expect(window.atEnd).toBe(false);
  });
  it("knows the place of a line by number, and by byte while lines are not counted", () => {
    const { lines } = windowOf(page(5, 10));
    expect(placeOf(lines, { line: 7 })).toBe(2);
    expect(placeOf(lines, { at: 75 })).toBe(2);
    expect(placeOf(lines, { line: 70 })).toBe(-1);
    expect(targetOf(line(7))).toEqual({ line: 7, at: undefined });
    expect(targetOf({ offset: 70, end: 80, text: "" } as LogLine)).toEqual({ line: undefined, at: 70 });
  });
});

it("n and N go round the hits, and begin behind the line that is shown", () => {
  const hits = [line(1), line(5), line(9)];
  expect([nextHit(hits, -1, false), nextHit(hits, 0, false), nextHit(hits, 2, false)]).toEqual([0, 1, 0]);
  expect([nextHit(hits, -1, true), nextHit(hits, 0, true), nextHit([], 0, true)]).toEqual([2, 2, -1]);
  expect(hitFrom(hits, 20)).toBe(1);
});

describe("colours of a terminal", () => {
  it("become spans, and the escapes are gone", () => {
    const spans = spansOf("a \u001b[31;1mred\u001b[0m b");
    expect(spans.map((span) => span.text).join("")).toBe("a red b");
    expect(spans.find((span) => span.text === "red")).toMatchObject({ front: "red", bold: true });
    expect(spans.at(-1)?.front).toBeUndefined();
  });
  it("of a palette that we do not have are none", () => {
    expect(spansOf("\u001b[38;5;200mpink")[0]).toMatchObject({ text: "pink", front: undefined });
  });
  it("leave markup and other controls as they are: text", () => {
    expect(spansOf("<script>alert(1)</script>")[0]?.text).toBe("<script>alert(1)</script>");
    const osc = spansOf("\u001b[32m\u001b]52;c;eA==\u0007x").map((span) => span.text).join("");
    expect(osc).toContain("]52;c;eA==\u0007");
  });
});

it("a text is cut at the columns of its hits", () => {
  expect(marked("one two one", [[0, 3], [8, 11]])).toEqual([
    { text: "one", hit: true },
    { text: " two ", hit: false },
    { text: "one", hit: true },
  ]);
  expect(marked("short", [[2, 90], [50, 60]])).toEqual([{ text: "sh", hit: false }, { text: "ort", hit: true }]);
});
