import { useMemo } from "react";
import { usePaint } from "@/app/theme";
import { statuses, type Status } from "./statuses";

// The colours of tokens.css as canvas understands them, in the theme that is on.
export interface Palette {
  text: string;
  muted: string;
  bg: string;
  surface: string;
  sunken: string;
  hover: string;
  line: string;
  lineStrong: string;
  accent: string;
  selected: string;
  font: string;
  status: Record<Status, string>;
  tint: Record<Status, string>;
}

// `paint` names the theme, so that another one is read anew.
function read(_paint: string): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const all = (name: (status: Status) => string) =>
    Object.fromEntries(statuses.map((status) => [status, colour(name(status))])) as Record<Status, string>;
  const palette: Palette = {
    text: colour("--text"),
    muted: colour("--muted"),
    bg: colour("--bg"),
    surface: colour("--surface"),
    sunken: colour("--sunken"),
    hover: colour("--hover"),
    line: colour("--line"),
    lineStrong: colour("--line-strong"),
    accent: colour("--accent"),
    selected: colour("--selected"),
    font: getComputedStyle(document.body).fontFamily,
    status: all((status) => `--st-${status}`),
    tint: all((status) => `--st-${status}-bg`),
  };
  probe.remove();
  return palette;
}

export function usePalette(): Palette {
  const paint = usePaint();
   
  return useMemo(() => read(paint), [paint]);
}
