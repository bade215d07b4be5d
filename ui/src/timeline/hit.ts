import type { Bar, Row } from "./model";
import type { Scale } from "./scale";

// However short a bar is, so wide is what a pointer hits.
const widthToHit = 24;

// The bar of a row at a place; where several are near, the one whose middle is nearest. Only where none
// was at work it is the one that waited.
export function barAtPoint(row: Row | undefined, scale: Scale, x: number): Bar | undefined {
  let best: Bar | undefined;
  let nearest = Infinity;
  let waited: Bar | undefined;
  for (const bar of row?.bars ?? []) {
    const left = scale.x(bar.created);
    const right = scale.x(bar.finished);
    if (x >= scale.x(bar.ready) && x <= left) waited ??= bar;
    const slack = Math.max(0, (widthToHit - (right - left)) / 2);
    if (x < left - slack || x > right + slack) continue;
    const distance = Math.abs((left + right) / 2 - x);
    if (distance < nearest) {
      nearest = distance;
      best = bar;
    }
  }
  return best ?? waited;
}
