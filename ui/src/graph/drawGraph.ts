// A large graph on canvas: what is in sight, as much of it as can be read.
import Flatbush from "flatbush";
import type { Palette } from "@/design/paint";
import { statuses, statusShape, type Status } from "@/design";
import { detailAt, edgePath, nodeSize, type View } from "./geometry";
import type { FoldedGraph } from "./fold";
import type { Layout } from "./layout";
import type { NodeView } from "./model";

// More edges than this in sight are a texture: every n-th is drawn.
const mostEdges = 3_000;
// Below this scale edges are straight lines.
const curvesFrom = 0.25;

export interface Index {
  nodes: Flatbush | undefined;
  edges: Flatbush | undefined;
}

export function makeIndex(graph: FoldedGraph, layout: Layout): Index {
  const nodes = layout.x.length > 0 ? new Flatbush(layout.x.length) : undefined;
  layout.x.forEach((x, node) => {
    const y = layout.y[node] ?? 0;
    nodes?.add(x - nodeSize.width / 2, y - nodeSize.height / 2, x + nodeSize.width / 2, y + nodeSize.height / 2);
  });
  nodes?.finish();
  const count = graph.edges.length / 2;
  const edges = count > 0 ? new Flatbush(count) : undefined;
  for (let edge = 0; edge < count; ++edge) {
    const a = graph.edges[2 * edge] ?? 0;
    const b = graph.edges[2 * edge + 1] ?? 0;
    const xs = [layout.x[a] ?? 0, layout.x[b] ?? 0];
    const ys = [layout.y[a] ?? 0, layout.y[b] ?? 0];
    edges?.add(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  }
  edges?.finish();
  return { nodes, edges };
}

export function nodeAt(index: Index, view: View, x: number, y: number): number | undefined {
  const atX = (x - view.x) / view.k;
  const atY = (y - view.y) / view.k;
  // At least 12 px around the pointer, however small a node is drawn.
  const slack = Math.max(0, 12 / view.k - nodeSize.height / 2);
  const found = index.nodes?.search(atX - slack, atY - slack, atX + slack, atY + slack) ?? [];
  return found[0];
}

export interface Scene {
  graph: FoldedGraph;
  layout: Layout;
  views: readonly NodeView[];
  index: Index;
  chosen: number | undefined;
  active: number | undefined; // under the keyboard
  palette: Palette;
}

export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  ratio: number; // device pixels per CSS pixel
}

const icons = new Map<Status, { fill: Path2D | undefined; stroke: Path2D | undefined }>();

function icon(status: Status) {
  let found = icons.get(status);
  if (!found) {
    const shape = statusShape[status];
    found = {
      fill: shape.fill ? new Path2D(shape.fill) : undefined,
      stroke: shape.stroke ? new Path2D(shape.stroke) : undefined,
    };
    icons.set(status, found);
  }
  return found;
}

export function drawIcon(context: CanvasRenderingContext2D, status: Status, colour: string, x: number, y: number, size: number) {
  const { fill, stroke } = icon(status);
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 1.7;
  context.lineCap = context.lineJoin = "round";
  if (fill) context.fill(fill, "evenodd");
  if (stroke) context.stroke(stroke);
  context.restore();
}

export function drawGraph(surface: Surface, scene: Scene, view: View): void {
  const { context, width, height, ratio } = surface;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = scene.palette.bg;
  context.fillRect(0, 0, width, height);
  context.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * view.x, ratio * view.y);
  const left = -view.x / view.k;
  const top = -view.y / view.k;
  const right = left + width / view.k;
  const bottom = top + height / view.k;
  drawEdges(context, scene, view, scene.index.edges?.search(left, top, right, bottom) ?? []);
  const seen = scene.index.nodes?.search(left, top, right, bottom) ?? [];
  if (detailAt(view.k) === "mark") drawMarks(context, scene, view, seen);
  else for (const node of seen) drawNode(context, scene, view, node);
  for (const node of new Set([scene.chosen, scene.active])) {
    if (node === undefined) continue;
    context.strokeStyle = scene.palette.accent;
    context.lineWidth = 3 / view.k;
    const grow = 2 / view.k;
    context.strokeRect(
      (scene.layout.x[node] ?? 0) - nodeSize.width / 2 - grow,
      (scene.layout.y[node] ?? 0) - nodeSize.height / 2 - grow,
      nodeSize.width + 2 * grow,
      nodeSize.height + 2 * grow,
    );
  }
}

function drawEdges(context: CanvasRenderingContext2D, scene: Scene, view: View, seen: readonly number[]): void {
  const { layout, graph, palette } = scene;
  const step = Math.ceil(seen.length / mostEdges);
  const curves = view.k >= curvesFrom && seen.length <= 600;
  context.strokeStyle = palette.lineStrong;
  context.globalAlpha = step > 1 ? 0.35 : 0.7;
  context.lineWidth = Math.max(1.25, 0.75 / view.k);
  context.beginPath();
  for (let at = 0; at < seen.length; at += step) {
    const edge = seen[at] ?? 0;
    const route = layout.routes[edge] ?? [];
    if (curves) {
      context.stroke(new Path2D(edgePath(route, layout.direction)));
      continue;
    }
    const a = graph.edges[2 * edge] ?? 0;
    const b = graph.edges[2 * edge + 1] ?? 0;
    context.moveTo(layout.x[a] ?? 0, layout.y[a] ?? 0);
    context.lineTo(layout.x[b] ?? 0, layout.y[b] ?? 0);
  }
  if (!curves) context.stroke();
  context.globalAlpha = 1;
}

// Rectangles in the colour of their state, a path for each state.
function drawMarks(context: CanvasRenderingContext2D, scene: Scene, view: View, seen: readonly number[]): void {
  const width = Math.max(nodeSize.width, 2 / view.k);
  const height = Math.max(nodeSize.height, 2 / view.k);
  const groups = new Map<Status, number[]>();
  for (const node of seen) {
    const status = scene.views[node]?.status ?? "pending";
    const group = groups.get(status);
    if (group) group.push(node);
    else groups.set(status, [node]);
  }
  // What is wrong is drawn last, and so on top.
  for (const status of [...statuses].reverse()) {
    const group = groups.get(status);
    if (!group) continue;
    context.fillStyle = scene.palette.status[status];
    context.beginPath();
    for (const node of group)
      context.rect((scene.layout.x[node] ?? 0) - width / 2, (scene.layout.y[node] ?? 0) - height / 2, width, height);
    context.fill();
  }
  // The icon as long as it can be told.
  if (view.k < 0.14 || seen.length > 800) return;
  for (const node of seen) {
    const status = scene.views[node]?.status ?? "pending";
    drawIcon(context, status, scene.palette.surface, (scene.layout.x[node] ?? 0) - 16, (scene.layout.y[node] ?? 0) - 16, 32);
  }
}

function drawNode(context: CanvasRenderingContext2D, scene: Scene, view: View, node: number): void {
  const found = scene.views[node];
  if (!found) return;
  const { palette, layout } = scene;
  const x = (layout.x[node] ?? 0) - nodeSize.width / 2;
  const y = (layout.y[node] ?? 0) - nodeSize.height / 2;
  context.fillStyle = palette.surface;
  context.strokeStyle = palette.lineStrong;
  context.lineWidth = found.counts ? 2.5 : 1;
  context.beginPath();
  context.roundRect(x, y, nodeSize.width, nodeSize.height, 6);
  context.fill();
  context.stroke();
  const full = detailAt(view.k) === "full";
  drawIcon(context, found.status, palette.status[found.status], x + 9, y + 14, full ? 16 : 20);
  context.fillStyle = palette.text;
  context.textBaseline = "middle";
  context.font = `500 ${full ? 13 : 20}px ${palette.font}`;
  const room = nodeSize.width - 46;
  context.fillText(shortened(context, found.label, room), x + 36, y + (full ? 15 : nodeSize.height / 2));
  if (!full) return;
  context.fillStyle = palette.muted;
  context.font = `11px ${palette.font}`;
  context.fillText(shortened(context, found.detail, room), x + 36, y + 31);
}

const cuts = new Map<string, string>();

// As much of a text as fits.
export function shortened(context: CanvasRenderingContext2D, text: string, room: number): string {
  const key = `${context.font} ${room} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let cut = text;
  if (context.measureText(text).width > room) {
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    cut = `${text.slice(0, low)}…`;
  }
  if (cuts.size > 1_000) cuts.clear(); // some screens full
  cuts.set(key, cut);
  return cut;
}
