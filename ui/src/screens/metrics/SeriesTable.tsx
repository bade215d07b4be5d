import { useMemo } from "react";
import { Foreign, format, Table, type Column } from "@/design";
import type { Mark } from "./Chart";
import css from "./Metrics.module.css";
import type { Entry, Source } from "./model";

interface Row {
  key: string;
  source: string;
  entry: Entry;
  notes: string; // marks of its steps
}

const said = (value: number | string | null) => (typeof value === "number" ? format.number(value) : (value ?? "–"));

const columns: Column<Row>[] = [
  { id: "step", header: "Step", width: "6rem", end: true, cell: ({ entry }) => (entry.to > entry.from ? `${entry.from}–${entry.to}` : entry.from) },
  { id: "source", header: "Of", width: "minmax(4rem, 1fr)", cell: ({ source }) => <Foreign text={source} /> },
  { id: "last", header: "Last", width: "5.5rem", end: true, cell: ({ entry }) => said(entry.last) },
  { id: "min", header: "Min", width: "5.5rem", end: true, from: 26, cell: ({ entry }) => said(entry.min) },
  { id: "max", header: "Max", width: "5.5rem", end: true, from: 26, cell: ({ entry }) => said(entry.max) },
  { id: "count", header: "Points", width: "4.5rem", end: true, from: 30, cell: ({ entry }) => entry.count },
  { id: "notes", header: "Notes", width: "minmax(4rem, 2fr)", from: 20, cell: ({ notes }) => <Foreign text={notes} /> },
];

interface Props {
  name: string;
  drawn: readonly { entries: Entry[]; source: Source }[];
  marks: readonly Mark[];
}

// What the marks say of each row: between it and the next one of the same source.
function notesOf(entries: readonly Entry[], marks: readonly Mark[]): string[] {
  return entries.map(({ from }, at) => {
    const end = entries[at + 1]?.from ?? Infinity;
    return marks.filter(({ step }) => step >= from && step < end).map(({ text }) => text).join("; ");
  });
}

// The table twin of a chart.
export function SeriesTable({ name, drawn, marks }: Props) {
  const rows = useMemo(
    () =>
      drawn
        .flatMap(({ entries, source }, place) => {
          const notes = place === 0 ? notesOf(entries, marks) : [];
          return entries.map((entry, at): Row => ({ key: `${source.key} ${entry.from}`, source: source.key, entry, notes: notes[at] ?? "" }));
        })
        .sort((a, b) => a.entry.from - b.entry.from),
    [drawn, marks],
  );
  return (
    <div className={css.table}>
      <Table label={name} columns={columns} rows={rows} rowKey={(row) => row.key} />
    </div>
  );
}
