import { describe, expect, it, vi } from "vitest";
import { readLog, readLogRange, type LogLine, type LogPage } from "@/api/reading";
import { marked, spansOf } from "./ansi";
import { isFiltered, readFiltered, shownPlace, textOf } from "./filtered";
import { append, hitFrom, mostLines, nextHit, placeOf, prepend, targetOf, windowOf } from "./window";

vi.mock("@/api/reading", () => ({ readLog: vi.fn(), readLogRange: vi.fn() }));

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

it("a hit is marked within colours, and across them", () => {
  const text = "a \u001b[31mred\u001b[0m b";
  const parts = spansOf(text).flatMap((span) => marked(span.text, [[7, 15]], span.at).map((part) => [part.text, part.hit]));
  expect(text.slice(7, 15)).toBe("red\u001b[0m ");
  expect(parts).toEqual([["a ", false], ["red", true], [" ", true], ["b", false]]);
});

describe("what a filter leaves, as a file", () => {
  it("is what is shown: a search narrows it only where it says so", () => {
    expect(isFiltered(shownPlace({ q: "x" }))).toBe(false);
    expect(shownPlace({ q: "x", only: true, regex: true })).toMatchObject({ q: "x", regex: true });
    expect(isFiltered(shownPlace({ level: "error" }))).toBe(true);
  });
  it("has time and level, and one end of line", () => {
    expect(textOf(line(1, { time: "T", level: "info", text: "said\n" }))).toBe("T info said\n");
    expect(textOf(line(1))).toBe("line 1\n");
  });
  it("is read page by page, and a line that was cut is read whole", async () => {
    vi.mocked(readLog).mockImplementation((_task, _place, { cursor }) => {
      const from = Number(cursor?.split(":")[1] ?? 0);
      const items = [line(from / 10), line(from / 10 + 1)].map((one) => (one.offset === 20 ? { ...one, text: "all", cut: 9 } : one));
      return Promise.resolve(page(0, 0, { size: 40, at_end: from === 20, next: `1:${from + 20}`, items }));
    });
    vi.mocked(readLogRange).mockResolvedValue({ offset: 20, end: 30, size: 40, text: "all of it" });
    const shares: number[] = [];
    const { blob, lines } = await readFiltered({ run: "r", stage: "s" }, { level: "info" }, new AbortController().signal, (share) => shares.push(share));
    expect(await blob.text()).toBe("line 0\nline 1\nall of it\nline 3\n");
    expect(lines).toBe(4);
    expect(shares).toEqual([0.5, 1]);
    expect(vi.mocked(readLog).mock.calls.every(([, place]) => place.level === "info")).toBe(true);
    expect(vi.mocked(readLogRange).mock.calls[0]?.[1]).toMatchObject({ attempt: 1 });
  });
});
