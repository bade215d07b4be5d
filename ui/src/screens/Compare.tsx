import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import type { Difference } from "@/api/types";
import { Digest, Empty, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import css from "./run/Run.module.css";

function Value({ value }: { value: unknown }) {
  if (typeof value === "number") return format.number(value);
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.startsWith("sha256:") ? <Digest value={text} /> : <Foreign text={text} />;
}

function columns(one: string, other: string): Column<Difference>[] {
  return [
    { id: "part", header: "Part", width: "7rem", cell: (row) => row.part },
    { id: "name", header: "What", width: "minmax(8rem, 1fr)", cell: (row) => <Foreign text={row.name} /> },
    { id: "one", header: one, width: "minmax(6rem, 1fr)", cell: (row) => <Value value={row.one} /> },
    { id: "other", header: other, width: "minmax(6rem, 1fr)", cell: (row) => <Value value={row.other} /> },
    {
      id: "delta",
      header: "Difference",
      width: "7rem",
      from: 44,
      end: true,
      cell: (row) => row.delta !== undefined && format.number(row.delta),
    },
  ];
}

// Two runs side by side: what differs.
export function Compare() {
  const { one, other } = useParams({ from: "/compare/$one/$other" });
  const query = useQuery({
    queryKey: ["diff", one, other],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/diff/{other}", { params: { path: { run: one, other } }, signal })),
  });
  const differences = query.data?.differences ?? [];
  return (
    <div className={css.page}>
      <div className={css.bars}>
        <h1>Compare</h1>
        <span>
          <Link to="/runs/$run/graph" params={{ run: one }}>
            {one}
          </Link>{" "}
          and{" "}
          <Link to="/runs/$run/graph" params={{ run: other }}>
            {other}
          </Link>
        </span>
      </div>
      {query.error && !query.data && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="the comparison" lines={10} />}
      {query.data && differences.length === 0 && <Empty title="The two runs are equal" />}
      {differences.length > 0 && (
        <div className={css.fill}>
          <Table
            label="Differences"
            columns={columns(one, other)}
            rows={differences}
            rowKey={(row) => `${row.part} ${row.name}`}
          />
        </div>
      )}
    </div>
  );
}
