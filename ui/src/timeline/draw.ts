// The timeline on canvas: the rows in sight, the axis, and how much runs at once.
import { format } from "@/design";
import type { Palette } from "@/design/paint";
import { drawIcon, shortened } from "@/graph/drawGraph";
import { waitOf, type Bar, type Row, type TimelineModel } from "./model";
import { ticks, type Scale } from "./scale";

export const rowHeight = 24;
export const axisHeight = 24;
export const stripHeight = 34;
export const headHeight = axisHeight + stripHeight;
const barHeight = 14;

export interface Picture {
  model: TimelineModel;
  columns: Uint32Array; // of columnsOf
  scale: Scale;
  gutter: number; // px for names
  scroll: number; // px
  chosen: number | undefined; // row
  active: number | undefined; // row under the keyboard
  drag: readonly [number, number] | undefined; // px of the chart
  palette: Palette;
}

export function drawTimeline(context: CanvasRenderingContext2D, width: number, height: number, picture: Picture): void {
  const { palette, gutter, model, scroll } = picture;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, height);
  drawGrid(context, width, height, picture);
  const first = Math.max(0, Math.floor(scroll / rowHeight));
  const last = Math.min(model.rows.length - 1, Math.ceil((scroll + height - headHeight) / rowHeight));
  context.save();
  context.beginPath();
  context.rect(0, headHeight, width, height - headHeight);
  context.clip();
  for (let at = first; at <= last; ++at) drawRow(context, width, picture, at, headHeight + at * rowHeight - scroll);
  context.restore();
  drawStrip(context, picture);
  if (picture.drag) {
    const [a, b] = picture.drag;
    context.fillStyle = palette.accent;
    context.globalAlpha = 0.18;
    context.fillRect(gutter + Math.min(a, b), 0, Math.abs(b - a), height);
    context.globalAlpha = 1;
  }
}

function drawGrid(context: CanvasRenderingContext2D, width: number, height: number, picture: Picture): void {
  const { palette, gutter, scale, model } = picture;
  context.font = `11px ${palette.font}`;
  context.textBaseline = "middle";
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  for (const tick of ticks(scale, model.from, 84)) {
    const x = Math.round(gutter + tick.x) + 0.5;
    context.beginPath();
    context.moveTo(x, axisHeight);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = palette.muted;
    const words = tick.at === model.from ? "0" : `+${format.duration(tick.at - model.from)}`;
    const room = Math.min(tick.room, width - gutter - tick.x) - 6;
    if (room > 24) context.fillText(shortened(context, words, room), x + 3, axisHeight / 2);
  }
  for (const piece of scale.pieces) {
    if (!piece.folded) continue;
    context.fillStyle = palette.sunken;
    context.fillRect(gutter + piece.x, 0, piece.width, height);
    context.fillStyle = palette.muted;
    if (piece.width < 14) continue;
    context.textAlign = "center";
    context.fillText("⋯", gutter + piece.x + piece.width / 2, axisHeight / 2);
    context.textAlign = "start";
  }
  context.beginPath();
  context.moveTo(0, headHeight - 0.5);
  context.lineTo(width, headHeight - 0.5);
  context.stroke();
}

function drawStrip(context: CanvasRenderingContext2D, picture: Picture): void {
  const { palette, gutter, columns } = picture;
  const most = columns.reduce((high, running) => Math.max(high, running), 1);
  const floor = headHeight - 3;
  const y = (running: number) => floor - (running / most) * (stripHeight - 8);
  context.fillStyle = palette.status.running;
  context.globalAlpha = 0.55;
  context.beginPath();
  columns.forEach((running, x) => {
    if (running === 0) return;
    context.rect(gutter + x, y(running), 1, floor - y(running));
  });
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = palette.muted;
  context.font = `11px ${palette.font}`;
  context.fillText(shortened(context, `at once, ${most} at most`, gutter - 16), 12, axisHeight + stripHeight / 2);
}

function drawRow(context: CanvasRenderingContext2D, width: number, picture: Picture, at: number, y: number): void {
  const { model, palette, gutter, chosen, active } = picture;
  const row = model.rows[at];
  if (!row) return;
  if (at === chosen || at === active) {
    context.fillStyle = at === chosen ? palette.selected : palette.hover;
    context.fillRect(0, y, width, rowHeight);
  }
  context.fillStyle = palette.text;
  context.font = `${model.critical.has(at) ? "600 " : ""}12px ${palette.font}`;
  context.textBaseline = "middle";
  context.fillText(shortened(context, row.name, gutter - 34), 28, y + rowHeight / 2);
  const status = row.bars.at(-1)?.status ?? "pending";
  drawIcon(context, status, palette.status[status], 10, y + 6, 12);
  for (const bar of row.bars) drawBar(context, picture, row, bar, y);
}

function drawBar(context: CanvasRenderingContext2D, picture: Picture, row: Row, bar: Bar, y: number): void {
  const { scale, gutter, palette, model } = picture;
  const middle = y + rowHeight / 2;
  const ready = gutter + scale.x(bar.ready);
  const created = gutter + scale.x(bar.created);
  const started = gutter + scale.x(bar.started);
  const finished = gutter + scale.x(bar.finished);
  if (finished < gutter || ready > gutter + scale.width) return;
  if (created - ready > 1) {
    const retry = waitOf(bar) === "backoff";
    context.strokeStyle = retry ? palette.status.interrupted : palette.muted;
    context.lineWidth = retry ? 2 : 1;
    context.setLineDash(retry ? [2, 3] : [4, 3]);
    context.beginPath();
    context.moveTo(ready, middle);
    context.lineTo(created, middle);
    context.stroke();
    context.setLineDash([]);
  }
  context.strokeStyle = palette.muted;
  context.lineWidth = 1;
  const top = middle - barHeight / 2;
  if (started - created > 1) {
    context.fillStyle = palette.tint[bar.status];
    context.fillRect(created, top + 3, started - created, barHeight - 6);
    context.strokeRect(created + 0.5, top + 3.5, started - created, barHeight - 7);
  }
  const width = Math.max(3, finished - started);
  context.fillStyle = palette.status[bar.status];
  context.beginPath();
  context.roundRect(started, top, width, barHeight, Math.min(2, width / 2));
  context.fill();
  if (model.critical.has(bar.row)) {
    context.fillStyle = palette.text;
    context.fillRect(started, top + barHeight + 1, width, 2);
  }
  if (bar.status === "failed" && width < 16) drawIcon(context, "failed", palette.status.failed, finished + 3, middle - 6, 12);
  if (row.bars.length > 1 && width > 22) {
    context.fillStyle = palette.surface;
    context.font = `600 10px ${palette.font}`;
    context.textBaseline = "middle";
    context.fillText(String(bar.attempt), started + 5, middle + 0.5);
  }
}
