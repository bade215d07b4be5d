// What a record of a known kind says, read with care: members may be missing or be anything.
export type Raw = Record<string, unknown>;

export function textIn(record: unknown, name: string): string | undefined {
  const value = record && typeof record === "object" ? (record as Raw)[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

// Whether a value wants a place of its own instead of a line of a table.
export function isLong(value: unknown): boolean {
  const text = textOf(value);
  return typeof value === "string" ? text.length > 120 || text.includes("\n") : text.length > 80;
}

export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");

export function answersOf(record: unknown): string[] {
  const { answer } = (record ?? {}) as Raw;
  if (answer === undefined || answer === null) return [];
  return list(answer).length > 0 ? list(answer).map(textOf) : Array.isArray(answer) ? [] : [textOf(answer)];
}

export interface Hop {
  document: string | undefined;
  subject: string;
  relation: string;
  object: string;
}

export interface SourceDocument {
  id: string;
  title: string;
  text: string;
  role: string; // "evidence", "distractor"
  position: number;
  // Of its text, in UTF-16 code units: what the path through the graph rests on.
  spans: [number, number][];
}

export interface Question {
  question: string;
  instruction: string | undefined;
  answers: string[];
  choices: string[];
  documents: SourceDocument[];
  chain: Hop[];
  sql: string | undefined;
  parameters: string[];
  sources: string[]; // documents that a sample was made from, where they are not among its own
}

// A span of bytes of UTF-8 as one of UTF-16 code units.
export function spanOf(text: string, begin: number, end: number): [number, number] {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const units = (to: number) => decoder.decode(bytes.slice(0, Math.min(Math.max(to, 0), bytes.length))).length;
  return [units(begin), units(end)];
}

export function questionOf(record: Raw): Question {
  const provenance = (record.provenance ?? {}) as Raw;
  const chain = list(provenance.chain).filter((hop): hop is Raw => typeof hop === "object" && hop !== null);
  const positions = new Set(list(provenance.evidence_positions));
  const documents = list(record.documents).map((entry, position): SourceDocument => {
    const id = textIn(entry, "id") ?? "";
    const text = textIn(entry, "text") ?? "";
    const spans = chain
      .filter((hop) => hop.document === id && list(hop.span).length === 2)
      .map((hop) => spanOf(text, Number(list(hop.span)[0]), Number(list(hop.span)[1])))
      .filter(([begin, end]) => end > begin)
      .sort((a, b) => a[0] - b[0]);
    const role = textIn(entry, "role") ?? (positions.has(position) ? "evidence" : "");
    return { id, title: textIn(entry, "title") ?? id, text, role, position, spans };
  });
  return {
    question: textIn(record, "question") ?? "",
    instruction: textIn(record, "format_instruction"),
    answers: answersOf(record),
    choices: list(record.choices).map(textOf),
    documents,
    chain: chain.map((hop) => ({
      document: textIn(hop, "document"),
      subject: textOf(hop.subject ?? ""),
      relation: textOf(hop.relation ?? ""),
      object: textOf(hop.object ?? ""),
    })),
    sql: textIn(provenance, "sql"),
    parameters: list(provenance.parameters).map(textOf),
    sources: list(provenance.sources).map(textOf),
  };
}

// A text cut at spans that may overlap: pieces in order, marked where a span covers them.
export function markedText(text: string, spans: readonly (readonly [number, number])[]): { text: string; marked: boolean }[] {
  const parts: { text: string; marked: boolean }[] = [];
  let at = 0;
  for (const [begin, end] of spans) {
    const from = Math.max(begin, at);
    if (end <= from) continue;
    if (from > at) parts.push({ text: text.slice(at, from), marked: false });
    parts.push({ text: text.slice(from, end), marked: true });
    at = end;
  }
  if (at < text.length) parts.push({ text: text.slice(at), marked: false });
  return parts;
}

// What a row of the list shows of a record, by what members it has.
export function summaryOf(record: Raw): string {
  const said = textIn(record, "question") ?? textIn(record, "title") ?? textIn(record, "text") ?? textIn(record, "response") ?? textIn(record, "reason");
  if (said) return said;
  if (isTexts(record.responses)) return record.responses.join(" · ");
  return Object.entries(record)
    .filter(([name]) => name !== "id")
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join("  ")
    .slice(0, 400);
}

const telling = ["id", "step", "task", "score", "reward", "advantage", "domain", "index", "tokens"];

// Members that most records have as short plain values: columns of a generic table, those that tell records apart first.
export function membersOf(records: readonly Raw[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const record of records)
    for (const [name, value] of Object.entries(record))
      if (value === null || (typeof value !== "object" && !isLong(value))) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rank = (name: string) => (telling.includes(name) ? telling.indexOf(name) : telling.length);
  return [...counts]
    .filter(([, count]) => count * 2 >= records.length)
    .map(([name]) => name)
    .sort((one, other) => rank(one) - rank(other))
    .slice(0, most);
}
