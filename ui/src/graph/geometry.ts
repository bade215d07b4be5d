// Where things of a graph are, as pure functions.
import type { Direction, Layout } from "./layout";

export const nodeSize = { width: 184, height: 42 };

export interface View {
  x: number; // of the picture's origin in the window
  y: number;
  k: number; // scale
}

export interface Room {
  width: number;
  height: number;
}

const margin = 24;
const largestFit = 1.1;

// The whole picture in the middle of the room, not larger than life.
export function fit(picture: Room, room: Room): View {
  const k = Math.min(
    largestFit,
    Math.max(1, room.width - 2 * margin) / Math.max(1, picture.width),
    Math.max(1, room.height - 2 * margin) / Math.max(1, picture.height),
  );
  return { k, x: (room.width - picture.width * k) / 2, y: Math.max(margin, (room.height - picture.height * k) / 2) };
}

export function parseView(text: string | undefined): View | undefined {
  const parts = text?.split(",").map(Number);
  if (parts?.length !== 3 || !parts.every(Number.isFinite)) return undefined;
  const [x = 0, y = 0, k = 1] = parts;
  return k > 0 ? { x, y, k } : undefined;
}

export function formatView(view: View): string {
  return `${Math.round(view.x)},${Math.round(view.y)},${Number(view.k.toPrecision(4))}`;
}

export type Detail = "full" | "label" | "mark";

// What can still be read at a scale.
export function detailAt(k: number): Detail {
  return k >= 0.62 ? "full" : k >= 0.3 ? "label" : "mark";
}

// From the edge of one node through the dummies to the edge of the other, as path data.
export function edgePath(route: readonly number[], direction: Direction): string {
  const last = route.length - 2;
  if (last < 2) return "";
  const down = direction === "down";
  const half = (down ? nodeSize.height : nodeSize.width) / 2;
  const along = down ? 1 : 0;
  const point = (at: number): [number, number] => {
    const found: [number, number] = [route[at] ?? 0, route[at + 1] ?? 0];
    if (at === 0) found[along] += half;
    if (at === last) found[along] -= half;
    return found;
  };
  let [x, y] = point(0);
  let path = `M${x} ${y}`;
  for (let at = 2; at <= last; at += 2) {
    const [nextX, nextY] = point(at);
    const middle = down ? (y + nextY) / 2 : (x + nextX) / 2;
    path += down
      ? `C${x} ${middle} ${nextX} ${middle} ${nextX} ${nextY}`
      : `C${middle} ${y} ${middle} ${nextY} ${nextX} ${nextY}`;
    [x, y] = [nextX, nextY];
  }
  return path;
}

const ways: Record<string, [number, number]> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

// The node that an arrow key leads to: the nearest on that side, where what is off the way counts more.
export function neighbour(layout: Layout, from: number, key: string): number | undefined {
  const way = ways[key];
  if (!way) return undefined;
  const [wayX, wayY] = way;
  let best: number | undefined;
  let shortest = Infinity;
  for (let node = 0; node < layout.x.length; ++node) {
    const dx = (layout.x[node] ?? 0) - (layout.x[from] ?? 0);
    const dy = (layout.y[node] ?? 0) - (layout.y[from] ?? 0);
    const ahead = dx * wayX + dy * wayY;
    const aside = Math.abs(dx * wayY) + Math.abs(dy * wayX);
    if (node === from || ahead <= 1) continue;
    const length = ahead + 2.5 * aside;
    if (length < shortest) {
      shortest = length;
      best = node;
    }
  }
  return best;
}

// The view that shows a point, moved as little as needed.
export function reveal(view: View, x: number, y: number, room: Room): View {
  const halfWidth = (nodeSize.width / 2) * view.k + 8;
  const halfHeight = (nodeSize.height / 2) * view.k + 8;
  const shift = (at: number, half: number, size: number) =>
    at - half < 0 ? half - at : at + half > size ? size - half - at : 0;
  const dx = shift(x * view.k + view.x, halfWidth, room.width);
  const dy = shift(y * view.k + view.y, halfHeight, room.height);
  return dx === 0 && dy === 0 ? view : { ...view, x: view.x + dx, y: view.y + dy };
}
