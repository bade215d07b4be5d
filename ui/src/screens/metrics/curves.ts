import { useMemo } from "react";
import { usePaint } from "@/app/theme";

export const curveCount = 6;
export const mostSources = 8;
const dashes: number[][] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [4, 2], [1, 4]];

// After as many curves as there are colours, a colour comes again with another dash.
export function dashOf(at: number): number[] {
  return dashes[(at + Math.floor(at / curveCount)) % dashes.length] ?? [];
}

function read(_paint: string): string[] {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colours = Array.from({ length: curveCount }, (_, at) => {
    probe.style.color = `var(--curve-${at + 1})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return colours;
}

// The colours of curves in the theme that is on.
export function useCurveColours(): string[] {
  const paint = usePaint();
  return useMemo(() => read(paint), [paint]);
}
