// Colours of a terminal as spans with names of ours. Text is never turned into markup; escapes other
// than colours stay in it, and are shown as code points.
import Anser from "anser";

export interface Span {
  text: string;
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

export function spansOf(text: string): Span[] {
  if (!hasEscapes(text)) return [{ text, front: undefined, back: undefined, bold: false, underline: false }];
  return Anser.ansiToJson(text, { use_classes: true, json: true, remove_empty: true }).map((part) => {
    const decorations: readonly string[] = part.decorations ?? [];
    return {
      text: part.content,
      front: hue(part.fg),
      back: hue(part.bg),
      bold: decorations.includes("bold"),
      underline: decorations.includes("underline"),
    };
  });
}

// A text cut at the columns of its hits: every other piece is one.
export function marked(text: string, columns: readonly (readonly [number, number])[]): { text: string; hit: boolean }[] {
  const parts: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const [begin, end] of columns) {
    if (begin < from || begin >= text.length) continue;
    if (begin > from) parts.push({ text: text.slice(from, begin), hit: false });
    parts.push({ text: text.slice(begin, Math.min(end, text.length)), hit: true });
    from = end;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
}
