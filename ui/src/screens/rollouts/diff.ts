// What two texts share and what each has alone, by words: the shortest edit script of Myers, with a
// bound on its length. Texts that are further apart than that are told apart as a whole.
export interface Part {
  text: string;
  side: "both" | "left" | "right";
}

const mostEdits = 1_500;

export function words(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

export function diff(left: string, right: string): Part[] {
  const a = words(left);
  const b = words(right);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
  const middle = edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const parts: Part[] = [
    ...a.slice(0, head).map((text): Part => ({ text, side: "both" })),
    ...middle,
    ...a.slice(a.length - tail).map((text): Part => ({ text, side: "both" })),
  ];
  return joinParts(parts);
}

function joinParts(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.side === part.side) last.text += part.text;
    else joined.push({ ...part });
  }
  return joined;
}

function edits(a: readonly string[], b: readonly string[]): Part[] {
  const whole = (): Part[] => [
    ...a.map((text): Part => ({ text, side: "left" })),
    ...b.map((text): Part => ({ text, side: "right" })),
  ];
  const most = Math.min(a.length + b.length, mostEdits);
  const trace: Map<number, number>[] = [];
  let frontier = new Map<number, number>([[1, 0]]);
  for (let depth = 0; depth <= most; ++depth) {
    trace.push(new Map(frontier));
    for (let k = -depth; k <= depth; k += 2) {
      const down = k === -depth || (k !== depth && (frontier.get(k - 1) ?? -1) < (frontier.get(k + 1) ?? -1));
      let x = down ? (frontier.get(k + 1) ?? 0) : (frontier.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) ++x;
      frontier.set(k, x);
      if (x >= a.length && x - k >= b.length) return backtrack(a, b, trace, depth);
    }
    frontier = new Map(frontier);
  }
  return whole();
}

function backtrack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[], depth: number): Part[] {
  const parts: Part[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = depth; d >= 0; --d) {
    const before = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (before.get(k - 1) ?? -1) < (before.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (before.get(fromK) ?? 0);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY) {
      parts.push({ text: a[x - 1] ?? "", side: "both" });
      --x;
      --y;
    }
    if (d === 0) break;
    if (down) parts.push({ text: b[--y] ?? "", side: "right" });
    else parts.push({ text: a[--x] ?? "", side: "left" });
  }
  return parts.reverse();
}
