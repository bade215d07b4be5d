import { useEffect, useRef, type KeyboardEvent } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Palette } from "@/design/paint";
import css from "./Metrics.module.css";
import { moved, zoomed } from "./model";

export interface Line {
  colour: string;
  dash: number[];
  faint: boolean; // raw values behind a smoothed curve
  y: (number | null | undefined)[];
}

export interface Mark {
  step: number;
  kind: "checkpoint" | "alarm" | "fork" | "odd";
  text: string;
}

interface Props {
  label: string;
  x: number[];
  lines: Line[];
  marks: Mark[];
  log: boolean;
  width: number;
  height: number;
  all: readonly [number, number];
  range: readonly [number, number] | undefined;
  palette: Palette;
  onRange: (range: readonly [number, number] | undefined) => void;
  onHover: (step: number | undefined) => void;
}

const syncKey = "metrics";
const settings = { stroke: 1.5 };

// One chart. Drag and wheel zoom, + - 0 and arrows as well; the crosshair stands in all charts at once.
export function Chart(props: Props) {
  const { label, x, lines, marks, log, width, height, all, range, palette } = props;
  const root = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const shape = lines.map((line) => `${line.colour}${line.faint}${line.dash.join()}`).join("|");

  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const made = new uPlot(options(latest), data(latest.current), element);
    plot.current = made;
    const zoom = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.shiftKey && document.activeElement !== element) return; // the page scrolls
      event.preventDefault();
      const { range: shown, all: whole } = latest.current;
      const around = made.posToVal(event.clientX - made.over.getBoundingClientRect().left, "x");
      ask(latest, zoomed(shown ?? whole, whole, around, event.deltaY > 0 ? 1.4 : 1 / 1.4));
    };
    made.over.addEventListener("wheel", zoom, { passive: false });
    return () => {
      made.destroy();
      plot.current = undefined;
    };
    // A chart is made anew where its series or its look change; data and sizes are set below.
  }, [shape, log, palette]);

  useEffect(() => plot.current?.setSize({ width, height }), [width, height]);
  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(data(latest.current), false);
    const [min, max] = range ?? all;
    made.setScale("x", { min, max: max > min ? max : min + 1 });
  }, [x, lines, marks, range, all]);

  const onKeyDown = (event: KeyboardEvent) => {
    const { range: zoomedTo } = latest.current;
    const shown = zoomedTo ?? all;
    const middle = (shown[0] + shown[1]) / 2;
    if (event.key === "+" || event.key === "=") ask(latest, zoomed(shown, all, middle, 0.5));
    else if (event.key === "-") ask(latest, zoomed(shown, all, middle, 2));
    else if (event.key === "0") ask(latest, undefined);
    else if (event.key === "ArrowLeft" && zoomedTo) ask(latest, moved(shown, all, -0.25));
    else if (event.key === "ArrowRight" && zoomedTo) ask(latest, moved(shown, all, 0.25));
    else return;
    event.preventDefault();
  };
  return (
    // A canvas has no parts of its own: this is the widget around it; its table says the same.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={root}
      className={css.chart}
      style={{ blockSize: height }}
      role="application"
      aria-label={`${label}. Plus and minus zoom, arrows move, 0 shows all.`}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={onKeyDown}
    />
  );
}

// The next key goes on from there, though nothing of it is drawn yet.
function ask(latest: { current: Props }, range: readonly [number, number] | undefined): void {
  latest.current = { ...latest.current, range };
  latest.current.onRange(range);
}

function data({ x, lines }: Props): uPlot.AlignedData {
  return [x, ...lines.map((line) => line.y)];
}

function options(latest: { current: Props }): uPlot.Options {
  const { width, height, lines, log, palette } = latest.current;
  const axis: uPlot.Axis = {
    stroke: palette.muted,
    font: `12px ${palette.font}`,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1, size: 4 },
  };
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      focus: { prox: 16 },
    },
    scales: {
      x: { time: false },
      y: log ? { distr: 3 } : {},
    },
    axes: [
      { ...axis, size: 26, space: 60, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en") : "")) },
      { ...axis, size: 54, space: 34 },
    ],
    series: [
      {},
      ...lines.map(
        (line): uPlot.Series => ({
          stroke: line.colour,
          width: line.faint ? 1 : settings.stroke,
          alpha: line.faint ? 0.35 : 1,
          dash: line.dash,
          spanGaps: false,
          points: { show: (self, at) => !line.faint && self.data[0].length < 40 && at > 0, size: 4 },
        }),
      ),
    ],
    hooks: {
      setSelect: [
        (self) => {
          const { left, width: wide } = self.select;
          if (wide < 4) return;
          const from = Math.floor(self.posToVal(left, "x"));
          const to = Math.ceil(self.posToVal(left + wide, "x"));
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onRange([from, Math.max(from + 1, to)]);
        },
      ],
      setCursor: [
        (self) => {
          const { left } = self.cursor;
          latest.current.onHover(left === undefined || left < 0 ? undefined : self.posToVal(left, "x"));
        },
      ],
      draw: [(self) => drawMarks(self, latest.current)],
    },
  };
}

// Checkpoints as small triangles on the x axis, alarms and forks as lines, values that are no number
// as crosses at the foot: shapes of their own, since colour alone says nothing to some.
function drawMarks(self: uPlot, { marks, palette }: Props): void {
  const { ctx, bbox } = self;
  const ratio = window.devicePixelRatio || 1;
  const foot = bbox.top + bbox.height;
  ctx.save();
  ctx.lineWidth = 1.5 * ratio;
  for (const mark of marks) {
    const at = self.valToPos(mark.step, "x", true);
    if (at < bbox.left - 1 || at > bbox.left + bbox.width + 1) continue;
    const size = 4 * ratio;
    ctx.beginPath();
    if (mark.kind === "checkpoint") {
      ctx.fillStyle = palette.muted;
      ctx.moveTo(at, foot - size * 1.4);
      ctx.lineTo(at - size, foot);
      ctx.lineTo(at + size, foot);
      ctx.fill();
    } else if (mark.kind === "odd") {
      ctx.strokeStyle = palette.status.failed;
      const y = foot - 3 * size;
      ctx.moveTo(at - size, y - size);
      ctx.lineTo(at + size, y + size);
      ctx.moveTo(at + size, y - size);
      ctx.lineTo(at - size, y + size);
      ctx.stroke();
    } else {
      ctx.strokeStyle = mark.kind === "alarm" ? palette.status.failed : palette.status.paused;
      ctx.setLineDash(mark.kind === "alarm" ? [4 * ratio, 3 * ratio] : [1 * ratio, 3 * ratio]);
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, foot);
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }
  ctx.restore();
}
