import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";
import { problemText } from "@/api/problem";
import type { PluginRow } from "@/api/types";
import { useKey } from "@/app/keys";
import { Digest, Empty, Foreign, Loading, ProblemBox, SearchBox, Table, type Column } from "@/design";
import { CheckBadge } from "./Check";
import css from "./Plugins.module.css";
import { pluginsQuery } from "./queries";

const columns: Column<PluginRow>[] = [
  { id: "name", header: "Stage type", width: "minmax(8rem, 14rem)", cell: (row) => <b><Foreign text={row.name} /></b> },
  { id: "doc", header: "What it does", width: "minmax(9rem, 3fr)", cell: (row) => <Foreign text={row.doc} /> },
  { id: "revision", header: "Revision", width: "5rem", from: 54, end: true, cell: (row) => row.revision },
  { id: "library", header: "Library", width: "minmax(7rem, 1fr)", from: 46, cell: (row) => <Foreign text={row.library.split("/").at(-1) ?? ""} /> },
  { id: "check", header: "Check", width: "8rem", from: 38, cell: (row) => <CheckBadge check={row.check} /> },
  { id: "digest", header: "Digest", width: "10rem", from: 62, cell: (row) => <Digest value={row.digest} /> },
];

export function matches(row: Pick<PluginRow, "name" | "doc">, words: string): boolean {
  const text = `${row.name} ${row.doc}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

// What stages can use, and libraries that could not be read.
export function Plugins() {
  const { q = "" } = useSearch({ from: "/plugins" });
  const navigate = useNavigate({ from: "/plugins" });
  const input = useRef<HTMLInputElement>(null);
  const query = useQuery(pluginsQuery);
  useKey("/", "Search", () => input.current?.select());
  const rows = useMemo(() => (query.data?.types ?? []).filter((row) => matches(row, q)), [query.data, q]);
  const open = useCallback((row: PluginRow) => void navigate({ to: "/plugins/$type", params: { type: row.name } }), [navigate]);
  const problems = query.data?.problems ?? [];
  return (
    <div className={css.page}>
      <div className={css.head}>
        <h1>Plugins</h1>
        <SearchBox
          ref={input}
          label="Search stage types"
          value={q}
          onChange={(event) => void navigate({ search: { q: event.target.value || undefined }, replace: true })}
        />
      </div>
      {problems.length > 0 && (
        <section className={css.problems} role="alert" aria-label="Libraries that could not be read">
          <b>
            {problems.length} {problems.length === 1 ? "library" : "libraries"} could not be read
          </b>
          <ul>
            {problems.map((problem) => (
              <li key={problem}>
                <Foreign text={problem} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <div className={css.list}>
        {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="plugins" lines={10} />}
        {query.isSuccess && rows.length === 0 && (
          <Empty title={q ? "No stage type matches" : "No plugins"}>
            {!q && (
              <>
                Name their folder with <code>--plugin-dir</code>.
              </>
            )}
          </Empty>
        )}
        {rows.length > 0 && <Table label="Stage types" columns={columns} rows={rows} rowKey={(row) => row.name} onOpen={open} />}
      </div>
    </div>
  );
}
