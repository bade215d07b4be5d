import { select } from "d3-selection";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from "d3-zoom";
import { useCallback, useEffect, useRef, type RefObject } from "react";
import { fit, type Room, type View } from "./geometry";

interface ZoomOptions {
  picture: Room;
  room: Room;
  start: View | undefined; // from the URL; otherwise the picture is fitted
  onMove: (view: View) => void;
  onEnd: (view: View) => void; // somebody has moved it
}

export interface Zoom {
  view: () => View;
  fit: () => void;
  by: (factor: number) => void;
  to: (view: View) => void;
}

// Pan and zoom by wheel, drag, pinch and buttons. Moves go past React: they call onMove.
export function useZoom(element: RefObject<HTMLElement | null>, options: ZoomOptions): Zoom {
  const latest = useRef(options);
  const behaviour = useRef<ZoomBehavior<HTMLElement, unknown>>(undefined);
  const view = useRef<View>({ x: 0, y: 0, k: 1 });
  const touched = useRef(options.start !== undefined);
  useEffect(() => {
    latest.current = options;
  });

  const to = useCallback(
    (next: View) => {
      if (!element.current || !behaviour.current) return;
      select(element.current).call(behaviour.current.transform, zoomIdentity.translate(next.x, next.y).scale(next.k));
    },
    [element],
  );
  const refit = useCallback(() => {
    touched.current = false;
    to(fit(latest.current.picture, latest.current.room));
  }, [to]);

  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const made = zoom<HTMLElement, unknown>()
      .scaleExtent([0.005, 3])
      .on("zoom", (event: D3ZoomEvent<HTMLElement, unknown>) => {
        const { x, y, k } = event.transform;
        view.current = { x, y, k };
        latest.current.onMove(view.current);
      })
      .on("end", (event: D3ZoomEvent<HTMLElement, unknown>) => {
        if (!event.sourceEvent) return;
        touched.current = true;
        latest.current.onEnd(view.current);
      });
    behaviour.current = made;
    select(target).call(made).on("dblclick.zoom", null);
    return () => void select(target).on(".zoom", null);
  }, [element]);

  const { picture, room, start } = options;
  const first = useRef(true);
  useEffect(() => {
    if (first.current && start) to(start);
    else if (!touched.current) to(fit(picture, room));
    first.current = false;
    // A start is for the beginning only.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [picture.width, picture.height, room.width, room.height, to]);

  const by = useCallback(
    (factor: number) => {
      if (!element.current || !behaviour.current) return;
      select(element.current).call(behaviour.current.scaleBy, factor);
      touched.current = true;
      latest.current.onEnd(view.current);
    },
    [element],
  );
  return { view: () => view.current, fit: refit, by, to };
}
