import type { KeyboardEvent } from "react";

// Of a log, as much of it as a list holds.
interface Part {
  atBegin: boolean;
  atEnd: boolean;
}

const nearPixels = 600;

// After a scroll: reads on where an end of the part is near. Whether the log's own end is in sight.
export function readOn(element: HTMLElement, part: Part, more: (back: boolean) => void): boolean {
  const below = element.scrollHeight - element.clientHeight - element.scrollTop;
  if (below < nearPixels && !part.atEnd) more(false);
  else if (element.scrollTop < nearPixels && !part.atBegin) more(true);
  return below < 8 && part.atEnd;
}

// Which end of the log the key asks for, of the list itself and without a modifier.
export function endOf(event: KeyboardEvent): "begin" | "end" | undefined {
  if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return undefined;
  return event.key === "Home" ? "begin" : event.key === "End" ? "end" : undefined;
}
