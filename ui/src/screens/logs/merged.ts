// The part of a run's merged log that the page holds: pieces that follow each other. What scrolls far out
// of sight is forgotten a piece at a time, since each knows the cursors at its ends.
import type { RunLogLine, RunLogPiece } from "@/api/reading";

export const everything = "*"; // in the address: all tasks

export const pieceLines = 200;
const mostPieces = 5;

export interface MergedLine {
  id: number; // of this page alone
  line: RunLogLine;
}

export interface Piece {
  lines: readonly MergedLine[];
  previous: string;
  next: string;
}

export interface MergedWindow {
  pieces: readonly Piece[];
  atBegin: boolean;
  atEnd: boolean;
  goingOn: boolean;
  leftOut: number;
}

// Numbers lines as they come.
export function numbering(): (piece: RunLogPiece) => Piece {
  let last = 0;
  return ({ items, previous, next }) => ({ lines: items.map((line) => ({ id: ++last, line })), previous, next });
}

export function windowOf(piece: Piece, { atBegin, atEnd, goingOn, leftOut }: RunLogPiece): MergedWindow {
  return { pieces: [piece], atBegin, atEnd, goingOn, leftOut };
}

// A line with what is around it, from two pieces: one that ends before it and one that begins with it.
export function around(before: Piece, { atBegin }: RunLogPiece, behind: Piece, rest: RunLogPiece): MergedWindow {
  return { ...windowOf(behind, rest), pieces: before.lines.length > 0 ? [before, behind] : [behind], atBegin };
}

// What was read from the end of the last piece. Small ones, as a log that is followed gives, become one.
export function append(before: MergedWindow, piece: Piece, { atEnd, goingOn, leftOut }: RunLogPiece): MergedWindow {
  const last = before.pieces.at(-1);
  const next = piece.next || last?.next || "";
  const joined =
    last && last.lines.length + piece.lines.length <= pieceLines
      ? [...before.pieces.slice(0, -1), { ...last, lines: piece.lines.length > 0 ? [...last.lines, ...piece.lines] : last.lines, next }]
      : [...before.pieces, { ...piece, next }];
  const pieces = joined.slice(-mostPieces);
  return { pieces, atBegin: before.atBegin && pieces.length === joined.length, atEnd, goingOn, leftOut };
}

// What was read backwards from the begin of the first piece.
export function prepend(before: MergedWindow, piece: Piece, { atBegin }: RunLogPiece): MergedWindow {
  const all = [piece, ...before.pieces];
  const pieces = all.slice(0, mostPieces);
  return { ...before, pieces, atBegin, atEnd: before.atEnd && pieces.length === all.length };
}
