import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { usePalette } from "@/design/paint";
import type { GraphProps } from "./DomGraph";
import { drawGraph, makeIndex, nodeAt, type Scene } from "./drawGraph";
import css from "./Graph.module.css";
import { neighbour, reveal, type View } from "./geometry";
import { useZoom } from "./useZoom";

// For graphs of more nodes than a browser lays out. Arrow keys move over the nodes and say their names;
// the table beside it is its twin for everything else.
export function CanvasGraph(props: GraphProps) {
  const { graph, layout, views, room, roomRef, chosen, start, onChoose, onView, tools } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = usePalette();
  const [active, setActive] = useState<number>();
  const index = useMemo(() => makeIndex(graph, layout), [graph, layout]);
  const scene = useRef<Scene>(undefined);
  const view = useRef<View>({ x: 0, y: 0, k: 1 });
  const waiting = useRef(0);

  // One picture a frame, however many reasons there are for it.
  const draw = useCallback(() => {
    if (waiting.current !== 0) return;
    waiting.current = requestAnimationFrame(() => {
      waiting.current = 0;
      const target = canvas.current;
      const context = target?.getContext("2d", { alpha: false });
      if (!target || !context || !scene.current) return;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = target;
      if (target.width !== Math.round(width * ratio)) target.width = Math.round(width * ratio);
      if (target.height !== Math.round(height * ratio)) target.height = Math.round(height * ratio);
      drawGraph({ context, width, height, ratio }, scene.current, view.current);
    });
  }, []);
  useEffect(() => {
    scene.current = { graph, layout, views, index, chosen, active, palette };
    draw();
  }, [graph, layout, views, index, chosen, active, palette, room, draw]);
  useEffect(
    () => () => {
      cancelAnimationFrame(waiting.current);
      waiting.current = 0;
    },
    [],
  );

  const move = useCallback(
    (next: View) => {
      view.current = next;
      draw();
    },
    [draw],
  );
  const zoom = useZoom(roomRef, { picture: layout, room, start, onMove: move, onEnd: onView });

  const hit = (event: { clientX: number; clientY: number }) => {
    const box = canvas.current?.getBoundingClientRect();
    return box ? nodeAt(index, view.current, event.clientX - box.left, event.clientY - box.top) : undefined;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && active !== undefined) return onChoose(active);
    const from = active ?? chosen;
    const to = from === undefined ? (event.key.startsWith("Arrow") ? 0 : undefined) : neighbour(layout, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    setActive(to);
    zoom.to(reveal(view.current, layout.x[to] ?? 0, layout.y[to] ?? 0, room));
  };
  const said = active === undefined ? undefined : views[active];
  return (
    <>
      {/* A canvas has no parts of its own: this is the widget around it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        className={css.room}
        ref={roomRef}
        role="application"
        aria-label={`Graph of ${views.length} nodes. Arrow keys move, Enter opens.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onKeyDown={onKeyDown}
        onMouseMove={(event) => {
          const node = hit(event);
          event.currentTarget.title = node === undefined ? "" : `${views[node]?.label} · ${views[node]?.status}`;
        }}
        onClick={(event) => {
          const node = hit(event);
          if (node !== undefined) onChoose(node);
        }}
      >
        <canvas ref={canvas} className={css.canvas} aria-hidden="true" />
      </div>
      <span className="visually-hidden" role="status">
        {said && `${said.label}, ${said.status}, ${said.detail}`}
      </span>
      {tools(zoom)}
    </>
  );
}
