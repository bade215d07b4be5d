// From time to pixels, where long idle gaps take a few pixels only.

export interface Piece {
  from: number; // ms
  to: number;
  x: number; // px
  width: number;
  folded: boolean;
}

export interface Scale {
  pieces: Piece[];
  width: number;
  x: (time: number) => number;
  time: (x: number) => number;
}

export const foldedWidth = 28;
// A gap is folded where it is longer than this part of the time in which something goes on.
const longGap = 0.06;
const shortestGap = 1_000;

interface Interval {
  from: number;
  to: number;
}

// The union, in order.
function union(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.from - b.from);
  const found: Interval[] = [];
  for (const { from, to } of sorted) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

// `busy`: when something goes on; may overlap.
export function foldedScale(busy: readonly Interval[], domain: Interval, width: number): Scale {
  const inside = busy
    .filter(({ from, to }) => to >= domain.from && from <= domain.to)
    .map(({ from, to }) => ({ from: Math.max(from, domain.from), to: Math.min(to, domain.to) }));
  const spans = union(inside);
  const work = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  const long = Math.max(shortestGap, work * longGap);
  const pieces: Piece[] = [];
  let from = domain.from;
  spans.forEach((span, at) => {
    const next = spans[at + 1];
    if (!next || next.from - span.to <= long) return;
    pieces.push({ from, to: span.to, x: 0, width: 0, folded: false });
    pieces.push({ from: span.to, to: next.from, x: 0, width: foldedWidth, folded: true });
    from = next.from;
  });
  pieces.push({ from, to: Math.max(domain.to, from), x: 0, width: 0, folded: false });
  return placed(pieces, width);
}

function placed(pieces: Piece[], width: number): Scale {
  const folds = pieces.filter((piece) => piece.folded).length;
  // With more gaps than room they become narrower.
  const gap = folds === 0 ? 0 : Math.min(foldedWidth, (width * 0.5) / folds);
  const open = Math.max(1, width - folds * gap);
  const length = pieces.reduce((sum, piece) => sum + (piece.folded ? 0 : piece.to - piece.from), 0);
  let x = 0;
  for (const piece of pieces) {
    piece.x = x;
    piece.width = piece.folded ? gap : length > 0 ? ((piece.to - piece.from) / length) * open : open;
    x += piece.width;
  }
  return {
    pieces,
    width,
    x: (time) => {
      const piece = pieces[search(pieces, (one) => one.from <= time)];
      if (!piece) return 0;
      const part = piece.to > piece.from ? (time - piece.from) / (piece.to - piece.from) : 0;
      return piece.x + Math.min(1, Math.max(0, part)) * piece.width;
    },
    time: (at) => {
      const piece = pieces[search(pieces, (one) => one.x <= at)];
      if (!piece) return 0;
      const part = piece.width > 0 ? (at - piece.x) / piece.width : 0;
      return piece.from + Math.min(1, Math.max(0, part)) * (piece.to - piece.from);
    },
  };
}

// The last piece for which it holds; the first where it holds for none.
function search(pieces: readonly Piece[], holds: (piece: Piece) => boolean): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const piece = pieces[middle];
    if (piece && holds(piece)) low = middle;
    else high = middle - 1;
  }
  return low;
}

const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
];

export interface Tick {
  at: number;
  x: number;
  room: number; // px to the end of its piece
}

// Where each piece begins, and round times since the beginning; not nearer than `room` pixels to each
// other or to a fold.
export function ticks(scale: Scale, origin: number, room: number): Tick[] {
  const found: Tick[] = [];
  let last = -Infinity;
  for (const piece of scale.pieces) {
    if (piece.folded || piece.width < room / 2) continue;
    const span = ((piece.to - piece.from) * room) / piece.width;
    const step = steps.find((size) => size >= span) ?? Math.ceil(span / 86_400_000) * 86_400_000;
    const end = piece === scale.pieces.at(-1) ? Infinity : piece.x + piece.width - room / 2;
    const take = (at: number) => {
      const x = scale.x(at);
      if (x - last < room || x > end) return;
      found.push({ at, x, room: piece.x + piece.width - x });
      last = x;
    };
    take(piece.from);
    for (let at = Math.ceil((piece.from - origin) / step) * step; at <= piece.to - origin; at += step) take(at + origin);
  }
  return found;
}
