import type { KeyboardEvent } from "react";

export type End = "begin" | "end";

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

// Home and End on the list itself, without a modifier, jump to the log's own ends.
export function jumpByKey(event: KeyboardEvent, jump: (where: End) => void): void {
  if (event.target !== event.currentTarget || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key !== "Home" && event.key !== "End") return;
  jump(event.key === "Home" ? "begin" : "end");
  event.preventDefault();
}
