import type { Bar, Row } from "./model";
import type { Scale } from "./scale";

// However short a bar is, so wide is what a pointer hits.
const widthToHit = 24;

// The bar of a row at a place; where several are near, the one whose middle is nearest.
export function barAtPoint(row: Row | undefined, scale: Scale, x: number): Bar | undefined {
  let best: Bar | undefined;
  let nearest = Infinity;
  for (const bar of row?.bars ?? []) {
    const left = scale.x(bar.ready);
    const right = scale.x(bar.finished);
    const slack = Math.max(0, (widthToHit - (right - left)) / 2);
    if (x < left - slack || x > right + slack) continue;
    const distance = Math.abs((left + right) / 2 - x);
    if (distance < nearest) {
      nearest = distance;
      best = bar;
    }
  }
  return best;
}
