import { describe, expect, it } from "vitest";
import type { RunLogLine, RunLogPiece } from "@/api/reading";
import { append, around, numbering, pieceLines, prepend, windowOf, type MergedWindow } from "./merged";
import { mergedText } from "./mergedFile";

const piece = (from: number, to: number, more: Partial<RunLogPiece> = {}): RunLogPiece => ({
  items: Array.from({ length: to - from }, (_, at) => ({ task: "a", attempt: 1, offset: from + at, text: `line ${from + at}` }) as RunLogLine),
  previous: `c${from}`,
  next: `c${to}`,
  atBegin: from === 0,
  atEnd: false,
  goingOn: true,
  leftOut: 0,
  ...more,
});
it("a line of the merged log in a file says when, how grave, whose and what", () => {
  const line = { task: "sweep[a=1]", attempt: 2, time: "2026-11-26T20:49:18.490Z", level: "warning", text: "late\n" } as RunLogLine;
  expect(mergedText(line)).toBe("2026-11-26T20:49:18.490Z warning sweep[a=1]#2 late\n");
  const bare = { ...line, level: "info" };
  delete bare.time;
  expect(mergedText(bare)).toBe("info sweep[a=1]#2 late\n");
});

const offsets = (window: MergedWindow) => window.pieces.flatMap(({ lines }) => lines.map(({ line }) => line.offset));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe("the merged log's window", () => {
  const number = numbering();
  const open = (from: number, to: number) => windowOf(number(piece(from, to)), piece(from, to));
  it("goes on behind its last cursor, where a log that is followed gives a line now and then", () => {
    let window = open(0, 10);
    for (let at = 10; at < 15; ++at) window = append(window, number(piece(at, at + 1)), piece(at, at + 1, { atEnd: true }));
    expect(offsets(window)).toEqual(range(0, 15));
    expect(window.pieces).toHaveLength(1);
    expect(window.pieces[0]?.next).toBe("c15");
    expect(window.atEnd).toBe(true);
  });
  it("keeps its place where nothing came", () => {
    const nothing = piece(0, 0, { next: "", atEnd: true });
    const window = append(open(0, 10), number(nothing), nothing);
    expect(window.pieces.at(-1)?.next).toBe("c10");
    expect(offsets(window)).toEqual(range(0, 10));
  });
  it("opens around a line: what is before it, and what begins with it", () => {
    const [before, rest] = [piece(0, 4), piece(4, 9, { atEnd: true, atBegin: false })];
    const window = around(number(before), before, number(rest), rest);
    expect(offsets(window)).toEqual(range(0, 9));
    expect([window.atBegin, window.atEnd]).toEqual([true, true]);
    const nothing = piece(4, 4, { atBegin: true });
    const first = around(number(nothing), nothing, number(rest), rest);
    expect(first.pieces).toHaveLength(1);
    expect(first.atBegin).toBe(true);
  });
  it("forgets whole pieces at the other end, and knows that there is more", () => {
    let window = open(0, pieceLines);
    for (let from = pieceLines; from < 7 * pieceLines; from += pieceLines) window = append(window, number(piece(from, from + pieceLines)), piece(from, from + pieceLines));
    expect(offsets(window)).toEqual(range(2 * pieceLines, 7 * pieceLines));
    expect(window.atBegin).toBe(false);
    expect(window.pieces[0]?.previous).toBe(`c${2 * pieceLines}`);
    const before = piece(pieceLines, 2 * pieceLines);
    window = prepend({ ...window, atEnd: true }, number(before), before);
    expect(offsets(window)).toEqual(range(pieceLines, 6 * pieceLines));
    expect(window.atEnd).toBe(false);
    expect(window.pieces.at(-1)?.next).toBe(`c${6 * pieceLines}`);
  });
  it("numbers each line once", () => {
    const window = append(open(0, 5), number(piece(5, 9)), piece(5, 9));
    const ids = window.pieces.flatMap(({ lines }) => lines.map(({ id }) => id));
    expect(new Set(ids).size).toBe(9);
  });
});
