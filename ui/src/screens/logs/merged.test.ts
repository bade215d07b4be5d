import { describe, expect, it } from "vitest";
import type { RunLogLine, RunLogPiece } from "@/api/reading";
import { append, numbering, pieceLines, prepend, windowOf, type MergedWindow } from "./merged";

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
