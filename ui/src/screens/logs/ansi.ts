// Colours of a terminal as spans with names of ours. Text is never turned into markup; escapes other
// than colours stay in it, and are shown as code points.
import Anser from "anser";

export interface Span {
  text: string;
  at: number; // in the text with its escapes
  front: string | undefined; // "red"
  back: string | undefined;
  bold: boolean;
  underline: boolean;
}

// Eight hues: bright ones are the same, a palette of 256 or true colour has no place in ours.
const hues = new Set(["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]);

function hue(name: string | null | undefined): string | undefined {
  const bare = name?.replace(/^ansi-(bright-)?/, "") ?? "";
  return hues.has(bare) ? bare : undefined;
}

export function hasEscapes(text: string): boolean {
  return text.includes("\u001b[");
}

const plain = { front: undefined, back: undefined, bold: false, underline: false };
const colour = /\u001b\[[\d;:]*m/g;

function styleOf(escapes: string): Omit<Span, "text" | "at"> {
  if (escapes === "") return plain;
  const part = Anser.ansiToJson(`${escapes}x`, { use_classes: true, json: true, remove_empty: true }).at(-1);
  const decorations: readonly string[] = part?.decorations ?? [];
  return {
    front: hue(part?.fg),
    back: hue(part?.bg),
    bold: decorations.includes("bold"),
    underline: decorations.includes("underline"),
  };
}

// What stands between two escapes that colour has the look that all before it give together.
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let escapes = "";
  let from = 0;
  const add = (to: number) => {
    if (to > from) spans.push({ text: text.slice(from, to), at: from, ...styleOf(escapes) });
  };
  for (const match of text.matchAll(colour)) {
    add(match.index);
    escapes = match[0] === "\u001b[0m" || match[0] === "\u001b[m" ? "" : escapes + match[0];
    from = match.index + match[0].length;
  }
  add(text.length);
  return spans;
}

// A text cut at the columns of its hits. `at`: where the text begins in the one that they count in.
export function marked(text: string, columns: readonly (readonly [number, number])[], at = 0): { text: string; hit: boolean }[] {
  const parts: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const [first, last] of columns) {
    const begin = Math.max(first - at, from);
    const end = last - at;
    if (end <= begin || begin >= text.length) continue;
    if (begin > from) parts.push({ text: text.slice(from, begin), hit: false });
    parts.push({ text: text.slice(begin, Math.min(end, text.length)), hit: true });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
}
