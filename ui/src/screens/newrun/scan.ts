// Reads a workflow's text as somebody types it: which keys stand where, and where a cursor is among
// them. It never fails: what is no YAML yet is passed over. Whether the text is right is for the
// server alone to say.

export interface Entry {
  path: readonly string[]; // keys from the outermost; an item of a list is "-"
  from: number; // of the last key, or of the item
  to: number;
  value: string; // a scalar as it is written; empty for maps, lists and texts over several lines
}

export interface Place {
  path: readonly string[]; // of the map that the cursor is in, or of the key whose value it is in
  in: "key" | "value";
  from: number; // where the word begun ends up
  word: string;
}

interface Level {
  indent: number;
  key: string;
}

const blockKey = /^(?:"([^"]*)"|'([^']*)'|([^\s#:,[\]{}"'&*!|>%@`-][^#:,[\]{}]*?|[\w.-]+))\s*:(?=\s|$)/;

interface State {
  levels: Level[]; // of the block that the line is in
  flow: { key: string; list: boolean; pending: string | undefined; part: number }[];
  scalar: number | undefined; // indent of the key that a text over several lines belongs to
}

// One pass over lines. `found` hears of every key and item.
function scan(text: string, found: (entry: Entry) => void): State {
  const state: State = { levels: [], flow: [], scalar: undefined };
  let at = 0;
  for (const line of text.split("\n")) {
    scanLine(state, line, at, found);
    at += line.length + 1;
  }
  return state;
}

const pathOf = (state: State) => state.levels.map((level) => level.key);

function flowPath(state: State): string[] {
  return [...pathOf(state), ...state.flow.map((level) => level.key).filter(Boolean)];
}

function scanLine(state: State, line: string, at: number, found: (entry: Entry) => void): void {
  if (state.flow.length > 0) {
    scanFlow(state, line, 0, at, found);
    return;
  }
  let indent = line.length - line.trimStart().length;
  const blank = indent === line.length;
  if (state.scalar !== undefined) {
    if (blank || indent > state.scalar) return;
    state.scalar = undefined;
  }
  if (blank || line[indent] === "#") return;
  const pop = (to: number) => {
    while ((state.levels.at(-1)?.indent ?? -1) >= to) state.levels.pop();
  };
  // A list's items may stand as far in as the key that they belong to.
  const item = /^-(\s+|$)/;
  let dash = item.exec(line.slice(indent));
  pop(dash ? indent + 1 : indent);
  const lists = () => state.levels.at(-1);
  if (dash) {
    while (lists()?.key === "-" && (lists()?.indent ?? 0) >= indent) state.levels.pop();
    while (dash) {
      state.levels.push({ indent: indent + 0.5, key: "-" });
      indent += dash[0].length;
      dash = item.exec(line.slice(indent));
    }
  }
  const match = blockKey.exec(line.slice(indent));
  const start = match ? indent + match[0].length : indent;
  const rest = line.slice(start);
  const value = scalarOf(rest);
  if (match) {
    state.levels.push({ indent, key: match[1] ?? match[2] ?? match[3] ?? "" });
    found({ path: pathOf(state), from: at + indent, to: at + start - 1, value });
  } else if (state.levels.at(-1)?.key === "-") {
    found({ path: pathOf(state), from: at + indent, to: at + line.length, value });
  }
  const begins = /^\s*(?:[&!][^\s]*\s+)*([|>][+-]?\d?)\s*(?:#.*)?$/.exec(rest);
  if (begins) state.scalar = match ? indent : indent - 1;
  else if (/^\s*[{[]/.test(rest)) scanFlow(state, line, start, at, found);
}

// { and [ open a level; what stands in quotes and comments does not count.
function scanFlow(state: State, line: string, start: number, at: number, found: (entry: Entry) => void): void {
  let quote = "";
  let part = start;
  for (const level of state.flow) level.part = -1;
  const close = (end: number) => {
    const top = state.flow.at(-1);
    if (!top) return;
    const text = line.slice(part, end).trim();
    const from = at + part + (line.slice(part, end).length - line.slice(part, end).trimStart().length);
    if (top.list && text && top.pending === undefined) found({ path: [...flowPath(state), "-"], from, to: from + text.length, value: scalarOf(text) });
    top.pending = undefined;
  };
  for (let x = start; x < line.length; ++x) {
    const char = line[x] ?? "";
    if (quote) {
      if (char === "\\" && quote === '"') ++x;
      else if (char === quote) quote = "";
    } else if ((char === '"' || char === "'") && /^\s*$/.test(line.slice(part, x))) quote = char;
    else if (char === "#" && /\s/.test(line[x - 1] ?? " ")) break;
    else if (char === "$" && line[x + 1] === "{") {
      const end = line.indexOf("}", x);
      x = end < 0 ? line.length : end;
    } else if (char === "{" || char === "[") {
      const top = state.flow.at(-1);
      state.flow.push({ key: top ? (top.pending ?? (top.list ? "-" : "")) : "", list: char === "[", pending: undefined, part: x + 1 });
      part = x + 1;
    } else if (char === "}" || char === "]") {
      close(x);
      state.flow.pop();
      part = x + 1;
      const top = state.flow.at(-1);
      if (!top) return;
      top.pending = top.pending ?? "";
    } else if (char === ",") {
      close(x);
      part = x + 1;
    } else if (char === ":" && /[\s]|^$/.test(line[x + 1] ?? "")) {
      const top = state.flow.at(-1);
      const key = scalarOf(line.slice(part, x));
      if (top && !top.list && key) {
        const from = at + part + (line.slice(part, x).length - line.slice(part, x).trimStart().length);
        top.pending = key;
        found({ path: [...flowPath(state), key], from, to: at + x, value: flowValue(line, x + 1) });
      }
      part = x + 1;
    }
  }
  const top = state.flow.at(-1);
  if (top) top.part = part;
}

// A value inside braces: in quotes with its commas, else up to the next of them.
function flowValue(line: string, from: number): string {
  const rest = line.slice(from).trimStart();
  if (/^["']/.test(rest)) return scalarOf(rest);
  return scalarOf(/^(?:\$\{[^}]*\}|[^,}\]{[])*/.exec(rest)?.[0] ?? "");
}

// The text of a scalar without quotes and comment; empty for what is none.
export function scalarOf(raw: string): string {
  const text = raw.trim();
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text);
  if (quoted) return (quoted[1] ?? "").replace(/\\(.)/g, "$1");
  const single = /^'((?:[^']|'')*)'/.exec(text);
  if (single) return (single[1] ?? "").replace(/''/g, "'");
  if (/^[{[|>&*!]/.test(text)) return "";
  return text.replace(/(^|\s)#.*$/, "").trim();
}

export function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  scan(text, (entry) => entries.push(entry));
  return entries;
}

export function placeAt(text: string, at: number): Place | undefined {
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const state = scan(text.slice(0, begin).replace(/\n$/, ""), () => undefined);
  const line = text.slice(begin, at);
  const indent = line.length - line.trimStart().length;
  if (state.flow.length === 0 && state.scalar !== undefined && indent > state.scalar) return undefined;
  const inFlow = state.flow.length > 0;
  scanLine(state, line, begin, () => undefined);
  const top = state.flow.at(-1);
  if (top) {
    const part = line.slice(inFlow && top.part < 0 ? 0 : Math.max(0, top.part));
    const word = part.trimStart().replace(/^["']/, "");
    const from = at - word.length;
    const path = flowPath(state);
    if (top.list) return { path, in: "value", from, word };
    return top.pending === undefined ? { path, in: "key", from, word } : { path: [...path, top.pending], in: "value", from, word };
  }
  if (/^\s*#/.test(line) || /\s#/.test(line)) return undefined;
  if (line.trim() === "" || /^\s*(-\s+)*-?$/.test(line)) return blankPlace(state, line, at);
  const path = pathOf(state);
  const key = blockKey.exec(line.slice(indent).replace(/^(-\s+)+/, ""));
  if (key) {
    const word = line.slice(line.indexOf(":", line.indexOf(key[0]) + key[0].length - 1) + 1).trimStart().replace(/^["']/, "");
    return { path, in: "value", from: at - word.length, word };
  }
  const word = line.trimStart().replace(/^(-\s+)+/, "").replace(/^["']/, "");
  const isItem = /^\s*-\s/.test(line);
  return { path, in: isItem ? "value" : "key", from: at - word.length, word };
}

// Where an empty line stands is for the cursor to say: as far in as it is.
function blankPlace(state: State, line: string, at: number): Place {
  const indent = line.length;
  const dash = line.includes("-");
  if (!dash) while ((state.levels.at(-1)?.indent ?? -1) >= indent) state.levels.pop();
  return { path: pathOf(state), in: dash ? "value" : "key", from: at, word: "" };
}

// What a workflow is made of, as far as it is written.
export interface Outline {
  params: string[];
  stages: Map<string, StageOutline>;
}

export interface StageOutline {
  uses: string;
  with: Set<string>; // parameters that are given
  outputs: string[]; // named below with.outputs
  axes: string[]; // of its matrix
  each: boolean; // a foreach
}

export function outlineOf(text: string): Outline {
  const outline: Outline = { params: [], stages: new Map() };
  for (const { path, value } of entriesOf(text)) {
    const [head, name, part, key, below] = path;
    if (head === "params" && name !== undefined && path.length === 2) outline.params.push(name);
    if (head !== "stages" || name === undefined) continue;
    let stage = outline.stages.get(name);
    if (!stage) outline.stages.set(name, (stage = { uses: "", with: new Set(), outputs: [], axes: [], each: false }));
    if (part === "uses" && path.length === 3) stage.uses = value;
    if (part === "foreach") stage.each = true;
    if (part === "with" && key !== undefined && path.length === 4) stage.with.add(key);
    if (part === "with" && key === "outputs" && below !== undefined && path.length === 5) stage.outputs.push(below);
    if (part === "matrix" && key !== undefined && path.length === 4 && !["include", "exclude", "max_parallel"].includes(key)) stage.axes.push(key);
  }
  return outline;
}

// The lines in which a stage is written.
export function stageText(text: string, stage: string): string | undefined {
  const entries = entriesOf(text);
  const at = entries.findIndex((entry) => entry.path.length === 2 && entry.path[0] === "stages" && entry.path[1] === stage);
  const own = entries[at];
  if (!own) return undefined;
  const next = entries.slice(at + 1).find((entry) => entry.path.length <= 2);
  const begin = text.lastIndexOf("\n", own.from - 1) + 1;
  const end = next ? text.lastIndexOf("\n", next.from) + 1 : text.length;
  return end > begin ? text.slice(begin, end).trimEnd() : undefined;
}
