import { useMemo } from "react";
import { format, Table, type Column } from "@/design";
import css from "./Metrics.module.css";
import type { Entry, Source } from "./model";

interface Row {
  key: string;
  source: string;
  entry: Entry;
}

const said = (value: number | string | null) => (typeof value === "number" ? format.number(value) : (value ?? "–"));

const columns: Column<Row>[] = [
  { id: "step", header: "Step", width: "6rem", end: true, cell: ({ entry }) => (entry.to > entry.from ? `${entry.from}–${entry.to}` : entry.from) },
  { id: "source", header: "Of", width: "minmax(4rem, 1fr)", cell: ({ source }) => source },
  { id: "last", header: "Last", width: "5.5rem", end: true, cell: ({ entry }) => said(entry.last) },
  { id: "min", header: "Min", width: "5.5rem", end: true, from: 26, cell: ({ entry }) => said(entry.min) },
  { id: "max", header: "Max", width: "5.5rem", end: true, from: 26, cell: ({ entry }) => said(entry.max) },
  { id: "count", header: "Points", width: "4.5rem", end: true, from: 30, cell: ({ entry }) => entry.count },
];

// The table twin of a chart.
export function SeriesTable({ name, drawn }: { name: string; drawn: readonly { entries: Entry[]; source: Source }[] }) {
  const rows = useMemo(
    () =>
      drawn
        .flatMap(({ entries, source }) =>
          entries.map((entry): Row => ({ key: `${source.key} ${entry.from}`, source: source.key, entry })),
        )
        .sort((a, b) => a.entry.from - b.entry.from),
    [drawn],
  );
  return (
    <div className={css.table}>
      <Table label={name} columns={columns} rows={rows} rowKey={(row) => row.key} />
    </div>
  );
}
