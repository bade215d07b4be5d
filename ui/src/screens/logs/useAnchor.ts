import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import type { LogLine } from "@/api/reading";
import { leads, placeOf, type Target } from "./window";

interface Anchored {
  window: { lines: readonly LogLine[]; atEnd: boolean } | undefined;
  opened: number;
}

// Keeps in sight what was in sight while lines come and go at both ends; goes to the end while it is
// followed, and to a line that was asked for.
export function useAnchor(scroller: RefObject<HTMLDivElement | null>, log: Anchored, target: Target, atBottom: boolean): void {
  const anchor = useRef<{ offset: string; top: number }>(undefined);
  const shown = useRef(0);
  // At the log's end, and there it stays where the list becomes lower or its lines higher.
  const pinned = useRef(false);
  const atEnd = useRef(false);
  const { window, opened } = log;
  const wanted = leads(target);
  const place = window ? placeOf(window.lines, target) : -1;
  const offset = place >= 0 ? window?.lines[place]?.offset : undefined;

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let before = element.scrollTop;
    const note = () => {
      if (atEnd.current && element.scrollHeight - element.clientHeight - element.scrollTop < 8) pinned.current = true;
      else if (element.scrollTop < before) pinned.current = false;
      before = element.scrollTop;
      const top = element.getBoundingClientRect().top;
      for (const line of element.querySelectorAll<HTMLElement>("[data-offset]")) {
        const box = line.getBoundingClientRect();
        if (box.bottom <= top) continue;
        anchor.current = { offset: line.dataset.offset ?? "", top: box.top - top };
        return;
      }
    };
    const sizes = new ResizeObserver(() => {
      if (pinned.current && atEnd.current) element.scrollTo({ top: element.scrollHeight });
    });
    sizes.observe(element);
    for (const child of element.children) sizes.observe(child);
    element.addEventListener("scroll", note, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", note);
    };
  }, [scroller, window === undefined]); // eslint-disable-line react-hooks/exhaustive-deps

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || !window) return;
    atEnd.current = window.atEnd;
    if (shown.current !== opened) {
      shown.current = opened;
      anchor.current = undefined;
      pinned.current = window.atEnd && !wanted;
      if (!wanted) element.scrollTo({ top: window.atEnd ? element.scrollHeight : 0 });
      return;
    }
    if (atBottom && window.atEnd && !wanted) {
      element.scrollTo({ top: element.scrollHeight });
      return;
    }
    const kept = anchor.current && element.querySelector<HTMLElement>(`[data-offset="${anchor.current.offset}"]`);
    if (!kept || !anchor.current) return;
    element.scrollBy({ top: kept.getBoundingClientRect().top - element.getBoundingClientRect().top - anchor.current.top });
    // Only a new window moves what is shown.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [window, opened]);

  useLayoutEffect(() => {
    if (offset === undefined) return;
    const element = scroller.current;
    const line = element?.querySelector<HTMLElement>(`[data-offset="${offset}"]`);
    if (!element || !line) return;
    const box = element.getBoundingClientRect();
    const at = line.getBoundingClientRect();
    if (at.top >= box.top && at.bottom <= box.bottom) return;
    pinned.current = false;
    element.scrollBy({ top: at.top - box.top - element.clientHeight / 3 });
  }, [scroller, offset, opened]);
}
