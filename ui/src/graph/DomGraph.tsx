import { memo, useCallback, useEffect, useMemo, useRef, type KeyboardEvent, type RefObject } from "react";
import { clsx, StatusBar, StatusIcon, type Size } from "@/design";
import { detailAt, edgePath, neighbour, nodeSize, reveal, type View } from "./geometry";
import css from "./Graph.module.css";
import type { FoldedGraph } from "./fold";
import type { Layout } from "./layout";
import type { NodeView } from "./model";
import { useZoom, type Zoom } from "./useZoom";

export interface GraphProps {
  graph: FoldedGraph;
  layout: Layout;
  views: readonly NodeView[];
  room: Size;
  roomRef: RefObject<HTMLDivElement | null>;
  chosen: number | undefined; // node
  start: View | undefined;
  onChoose: (node: number) => void;
  onView: (view: View) => void;
  tools: (zoom: Zoom) => React.ReactNode;
}

// Nodes are buttons, edges are SVG: for graphs of some hundred nodes.
export function DomGraph(props: GraphProps) {
  const { graph, layout, views, room, roomRef, chosen, start, onChoose, onView, tools } = props;
  const picture = useRef<HTMLDivElement>(null);
  const move = useCallback((view: View) => {
    if (!picture.current) return;
    picture.current.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.k})`;
    picture.current.dataset.detail = detailAt(view.k);
  }, []);
  const zoom = useZoom(roomRef, { picture: layout, room, start, onMove: move, onEnd: onView });
  const paths = useMemo(() => layout.routes.map((route) => edgePath(route, layout.direction)), [layout]);

  const show = (node: number) => {
    const next = reveal(zoom.view(), layout.x[node] ?? 0, layout.y[node] ?? 0, room);
    if (next !== zoom.view()) zoom.to(next);
  };
  const latestShow = useRef(show);
  useEffect(() => {
    latestShow.current = show;
  });
  const onFocus = useCallback((node: number) => latestShow.current(node), []);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const from = Number((event.target as HTMLElement).dataset.node ?? -1);
    const to = from < 0 ? undefined : neighbour(layout, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    show(to);
    picture.current?.querySelector<HTMLElement>(`[data-node="${to}"]`)?.focus({ preventScroll: true });
  };
  return (
    <>
      <div className={css.room} ref={roomRef}>
        {/* Arrow keys between the buttons inside. */}
        { }
        <div ref={picture} className={css.picture} role="toolbar" aria-label="Stages" onKeyDown={onKeyDown}>
          <svg className={css.edges} width={layout.width} height={layout.height} aria-hidden="true">
            {paths.map((path, edge) => {
              const near = graph.edges[2 * edge] === chosen || graph.edges[2 * edge + 1] === chosen;
              return <path key={edge} d={path} className={clsx(css.edge, near && css.near)} />;
            })}
          </svg>
          {views.map((view, node) => (
            <Node
              key={view.id}
              view={view}
              node={node}
              x={layout.x[node] ?? 0}
              y={layout.y[node] ?? 0}
              chosen={node === chosen}
              reachable={chosen === undefined ? node === 0 : node === chosen}
              onChoose={onChoose}
              onFocus={onFocus}
            />
          ))}
        </div>
      </div>
      {tools(zoom)}
    </>
  );
}

interface NodeProps {
  view: NodeView;
  node: number;
  x: number;
  y: number;
  chosen: boolean;
  reachable: boolean;
  onChoose: (node: number) => void;
  onFocus: (node: number) => void;
}

const same = ["view", "node", "x", "y", "chosen", "reachable"] as const;

const Node = memo(
  function Node({ view, node, x, y, chosen, reachable, onChoose, onFocus }: NodeProps) {
    return (
      <button
        type="button"
        data-node={node}
        tabIndex={reachable ? 0 : -1}
        className={clsx(css.node, chosen && css.chosen, view.counts && css.stack)}
        aria-pressed={view.group === undefined ? chosen : undefined}
        aria-expanded={view.group === undefined ? undefined : false}
        title={`${view.label} · ${view.status}`}
        style={{
          inlineSize: nodeSize.width,
          blockSize: nodeSize.height,
          transform: `translate(${x - nodeSize.width / 2}px, ${y - nodeSize.height / 2}px)`,
        }}
        onClick={() => onChoose(node)}
        onFocus={(event) => event.currentTarget.matches(":focus-visible") && onFocus(node)}
      >
        <span className={css.icon} style={{ color: `var(--st-${view.status})` }}>
          <StatusIcon status={view.status} />
        </span>
        <span>
          <span className={css.label} style={{ display: "block" }}>
            {view.label}{" "}
          </span>
          <span className={css.detail}>{view.detail}</span>
          <span className="visually-hidden">, {view.status}</span>
        </span>
        {view.counts && (
          <span className={css.bar}>
            <StatusBar counts={view.counts} />
          </span>
        )}
        {view.progress !== undefined && <span className={css.done} style={{ inlineSize: `${view.progress * 100}%` }} />}
      </button>
    );
  },
  (before, after) => same.every((key) => before[key] === after[key]),
);
