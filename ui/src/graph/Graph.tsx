import { useCallback, useEffect, useMemo, useRef, type ReactNode } from "react";
import type { RunStates } from "@/api/states";
import type { Structure } from "@/api/types";
import { IconButton, Loading, useSize } from "@/design";
import { CanvasGraph } from "./CanvasGraph";
import { DomGraph } from "./DomGraph";
import { fold } from "./fold";
import type { View } from "./geometry";
import css from "./Graph.module.css";
import { NodeViews } from "./model";
import { useLayout } from "./useLayout";
import type { Zoom } from "./useZoom";

// As many nodes as the browser lays out and keeps at hand for the keyboard.
const mostDomNodes = 400;

interface Props {
  structure: Structure;
  states: RunStates;
  open: readonly string[]; // groups that are unfolded
  chosen: string | undefined; // stage
  start: View | undefined;
  onChoose: (stage: string) => void;
  onOpen: (group: string) => void;
  onView: (view: View | undefined) => void; // undefined: it is fitted
  note: (folded: boolean) => ReactNode; // in a corner
}

export function Graph({ structure, states, open, chosen, start, onChoose, onOpen, onView, note }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const groups = open.join("\n");
  const graph = useMemo(() => {
    const names = structure.stages.map((stage) => stage.name);
    const needs = structure.stages.map((stage) => stage.needs);
    return fold({ names, needs }, new Set(groups === "" ? [] : groups.split("\n")));
  }, [structure, groups]);
  const layout = useLayout(graph.nodes.length, graph.edges, size);
  const memory = useMemo(() => new NodeViews(), []);
  const views = useMemo(() => memory.read(graph, structure, states), [memory, graph, structure, states]);
  const chosenStage = structure.stages.findIndex((stage) => stage.name === chosen);
  const chosenNode = chosenStage < 0 ? undefined : graph.nodeOfStage[chosenStage];

  const latest = useRef({ views, onChoose, onOpen });
  useEffect(() => {
    latest.current = { views, onChoose, onOpen };
  });
  const choose = useCallback((node: number) => {
    const view = latest.current.views[node];
    if (view?.group !== undefined) latest.current.onOpen(view.group);
    else if (view) latest.current.onChoose(view.id);
  }, []);
  const tools = (zoom: Zoom) => (
    <>
      <div className={css.tools} role="group" aria-label="Zoom">
        <IconButton icon="minus" label="Zoom out" onClick={() => zoom.by(1 / 1.4)} />
        <IconButton icon="plus" label="Zoom in" onClick={() => zoom.by(1.4)} />
        <IconButton
          icon="fit"
          label="Fit"
          onClick={() => {
            zoom.fit();
            onView(undefined);
          }}
        />
      </div>
      <div className={css.hint}>{note(graph.nodes.length < structure.stages.length)}</div>
    </>
  );
  const Drawn = graph.nodes.length <= mostDomNodes ? DomGraph : CanvasGraph;
  return (
    <div className={css.frame} ref={frame}>
      {layout ? (
        <Drawn
          graph={graph}
          layout={layout}
          views={views}
          room={size}
          roomRef={room}
          chosen={chosenNode}
          start={start}
          onChoose={choose}
          onView={onView}
          tools={tools}
        />
      ) : (
        <Loading what="the graph" />
      )}
    </div>
  );
}
