import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Foreign, format, StatusLabel, useSize } from "@/design";
import { usePalette } from "@/design/paint";
import { drawTimeline, headHeight, rowHeight, type Picture } from "./draw";
import { barAtPoint } from "./hit";
import { columnsOf, concurrency, waitOf, type Bar, type TimelineModel } from "./model";
import { foldedScale } from "./scale";
import css from "./Timeline.module.css";

export interface Domain {
  from: number;
  to: number;
}

interface Props {
  model: TimelineModel;
  domain: Domain | undefined; // undefined: all
  chosen: number | undefined; // row
  onDomain: (domain: Domain | undefined) => void;
  onChoose: (row: number) => void;
}

interface Tip {
  bar: Bar;
  x: number;
  y: number;
}

const smallestDrag = 6;

// Attempts over time. Drag zooms, a click opens the task; arrows move over the rows, Enter opens, + and
// - zoom, 0 shows all.
export function TimelineView({ model, domain, chosen, onDomain, onChoose }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(scroller);
  const palette = usePalette();
  const [active, setActive] = useState<number>();
  const [tip, setTip] = useState<Tip>();
  const dragged = useRef<[number, number]>(undefined);
  const picture = useRef<Picture>(undefined);
  const waiting = useRef(0);

  const gutter = Math.max(96, Math.min(220, Math.round(size.width * 0.22)));
  const steps = useMemo(() => concurrency(model.bars), [model]);
  const scale = useMemo(() => {
    const busy = model.bars.map((bar) => ({ from: bar.created, to: bar.finished }));
    const shown = domain ?? { from: model.from, to: model.to };
    return foldedScale(busy, shown, Math.max(50, size.width - gutter - 16));
  }, [model, domain, size.width, gutter]);

  const columns = useMemo(() => columnsOf(steps, scale.x, scale.width), [steps, scale]);

  const draw = useCallback(() => {
    if (waiting.current !== 0) return;
    waiting.current = requestAnimationFrame(() => {
      waiting.current = 0;
      const target = canvas.current;
      const context = target?.getContext("2d", { alpha: false });
      if (!target || !context || !picture.current || !scroller.current) return;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = scroller.current;
      if (target.width !== Math.round(width * ratio)) target.width = Math.round(width * ratio);
      if (target.height !== Math.round(height * ratio)) target.height = Math.round(height * ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const { scrollTop: scroll } = scroller.current;
      drawTimeline(context, width, height, { ...picture.current, scroll, drag: dragged.current });
    });
  }, []);
  useEffect(() => {
    picture.current = { model, columns, scale, gutter, scroll: 0, chosen, active, drag: undefined, palette };
    draw();
  }, [model, columns, scale, gutter, chosen, active, palette, size, draw]);
  useEffect(
    () => () => {
      cancelAnimationFrame(waiting.current);
      waiting.current = 0;
    },
    [],
  );

  const at = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    const y = event.clientY - box.top;
    const row = Math.floor((y - headHeight + (scroller.current?.scrollTop ?? 0)) / rowHeight);
    return { x: event.clientX - box.left - gutter, y, row: y < headHeight ? -1 : row };
  };
  const onPointerMove = (event: PointerEvent) => {
    const place = at(event);
    if (dragged.current) {
      dragged.current[1] = place.x;
      draw();
      return;
    }
    const bar = barAtPoint(model.rows[place.row], scale, place.x);
    setTip(bar && { bar, x: Math.min(place.x + gutter + 12, size.width - 200), y: place.y + 14 });
  };
  const onPointerUp = (event: PointerEvent) => {
    const drag = dragged.current;
    dragged.current = undefined;
    draw();
    const place = at(event);
    if (drag && Math.abs(drag[1] - drag[0]) >= smallestDrag) {
      const [from, to] = [scale.time(Math.min(...drag)), scale.time(Math.max(...drag))];
      if (to > from) onDomain({ from, to });
      return;
    }
    const bar = barAtPoint(model.rows[place.row], scale, place.x);
    if (bar || (place.x < 0 && model.rows[place.row])) onChoose(place.row);
  };

  const move = (row: number) => {
    const to = Math.min(Math.max(row, 0), model.rows.length - 1);
    setActive(to);
    const element = scroller.current;
    if (!element) return;
    const top = to * rowHeight;
    const bottom = top + rowHeight + headHeight - element.clientHeight;
    element.scrollTop = Math.min(Math.max(element.scrollTop, bottom), top);
  };
  const zoom = (factor: number) => {
    const shown = domain ?? { from: model.from, to: model.to };
    const middle = (shown.from + shown.to) / 2;
    const half = ((shown.to - shown.from) / 2) * factor;
    const next = { from: Math.max(model.from, middle - half), to: Math.min(model.to, middle + half) };
    onDomain(next.from <= model.from && next.to >= model.to ? undefined : next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = active ?? chosen ?? -1;
    if (event.key === "ArrowDown" || event.key === "j") move(row + 1);
    else if (event.key === "ArrowUp" || event.key === "k") move(row - 1);
    else if (event.key === "Home") move(0);
    else if (event.key === "End") move(model.rows.length - 1);
    else if (event.key === "Enter" && row >= 0) onChoose(row);
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") onDomain(undefined);
    else return;
    event.preventDefault();
  };

  const said = active === undefined ? undefined : model.rows[active];
  return (
    <div className={css.frame}>
      {/* A canvas has no parts of its own: this is the widget around it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={scroller}
        className={css.scroll}
        role="application"
        aria-label={`Timeline of ${model.rows.length} tasks. Arrow keys move, Enter opens, plus and minus zoom.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={draw}
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          className={css.canvas}
          style={{ blockSize: size.height }}
          aria-hidden="true"
          onPointerDown={(event) => {
            const { x } = at(event);
            setTip(undefined);
            if (event.button !== 0 || x < 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            dragged.current = [x, x];
          }}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerLeave={() => setTip(undefined)}
          onDoubleClick={() => onDomain(undefined)}
        />
        <div style={{ blockSize: Math.max(0, model.rows.length * rowHeight + headHeight - size.height) }} />
      </div>
      {tip && (
        <div className={css.tip} style={{ insetInlineStart: tip.x, insetBlockStart: tip.y }}>
          <BarText bar={tip.bar} name={model.rows[tip.bar.row]?.name ?? ""} />
        </div>
      )}
      <span className="visually-hidden" role="status">
        {said && `${said.name}, ${said.bars.at(-1)?.status}`}
      </span>
    </div>
  );
}

function BarText({ bar, name }: { bar: Bar; name: string }) {
  return (
    <>
      <b>
        <Foreign text={name} />
      </b>
      {bar.attempt > 1 && ` attempt ${bar.attempt}`} <StatusLabel status={bar.status} />
      <br />
      {bar.created > bar.ready &&
        `${waitOf(bar) === "backoff" ? "waited for its retry" : "waited for room"} ${format.duration(bar.created - bar.ready)} · `}
      {bar.started > bar.created && `came up in ${format.duration(bar.started - bar.created)} · `}
      ran {format.duration(bar.finished - bar.started)}
      {bar.open && " so far"}
    </>
  );
}

export function TimelineLegend() {
  return (
    <span className={css.legend}>
      <span>
        <i className={css.queued} /> waits for room
      </span>
      <span>
        <i className={css.backoff} /> waits for its retry
      </span>
      <span>
        <i className={css.starting} /> host comes up
      </span>
      <span>
        <i className={css.running} /> runs
      </span>
      <span>
        <i className={css.critical} /> the end waited for it
      </span>
    </span>
  );
}
