import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { statuses } from "./statuses";

// The colours of tokens.css: "--name: light-dark(#light, #dark);"
const text = readFileSync("src/design/tokens.css", "utf8");

function colours(block: string): Map<string, [string, string]> {
  const found = new Map<string, [string, string]>();
  for (const match of block.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g))
    found.set(match[1] ?? "", [match[2] ?? "", match[3] ?? ""]);
  return found;
}

const normal = colours(text.slice(0, text.indexOf("@media")));
const more = new Map([...normal, ...colours(text.slice(text.indexOf("prefers-contrast")))]);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
}

const onSurfaces = ["bg", "surface", "raised", "sunken", "hover", "selected"];
const reading: [string, string[]][] = [
  ["text", [...onSurfaces, "danger-bg", "warning-bg"]],
  ["muted", ["bg", "surface", "raised", "sunken", "hover"]],
  ["accent", ["bg", "surface", "raised", "hover"]],
  ["danger", ["surface", "raised", "bg", "danger-bg"]],
  ["warning", ["warning-bg", "surface"]],
  ["on-accent", ["accent-fill", "danger-fill"]],
  ...statuses.map((status): [string, string[]] => [
    `st-${status}`,
    ["bg", "surface", "raised", "hover", "selected", `st-${status}-bg`],
  ]),
];
// What is no text: outlines of controls, the focus.
const seeing: [string, string[]][] = [
  ["line-strong", ["bg", "surface"]],
  ["focus", ["bg", "surface", "raised", "selected"]],
  ...[1, 2, 3, 4, 5, 6].map((curve): [string, string[]] => [`curve-${curve}`, ["surface", "bg"]]),
];

describe.each([
  ["as usual", normal],
  ["with more contrast", more],
])("colours %s", (_, palette) => {
  const themes = [0, 1] as const;
  const check = (pairs: [string, string[]][], least: number) => {
    const poor: string[] = [];
    for (const [front, backs] of pairs)
      for (const back of backs)
        for (const theme of themes) {
          const a = palette.get(front)?.[theme];
          const b = palette.get(back)?.[theme];
          const ratio = a && b ? contrast(a, b) : 0;
          if (ratio < least) poor.push(`${theme ? "dark" : "light"} ${front} on ${back}: ${ratio.toFixed(2)}`);
        }
    expect(poor).toEqual([]);
  };
  it("can be read: 4.5 to 1", () => check(reading, 4.5));
  it("can be seen: 3 to 1", () => check(seeing, 3));
});
