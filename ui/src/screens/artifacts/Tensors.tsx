import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { readBytes } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import { Empty, Facts, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import css from "../run/Run.module.css";
import { headerBytes, readHeader, type Header, type Tensor } from "./safetensors";

const first = 256 * 1024; // bytes: enough for most headers

async function readTensors(digest: string, file: string | undefined, bytes: number, signal: AbortSignal): Promise<Header | string> {
  const head = await readBytes(digest, file, 0, Math.min(first, Math.max(1, bytes)), signal);
  const length = headerBytes(head, bytes);
  if (typeof length === "string") return length;
  const whole = head.length >= 8 + length ? head.subarray(8, 8 + length) : await readBytes(digest, file, 8, length, signal);
  return readHeader(whole);
}

const columns: Column<Tensor>[] = [
  { id: "name", header: "Tensor", width: "minmax(10rem, 2fr)", cell: (row) => <Foreign text={row.name} /> },
  { id: "dtype", header: "Type", width: "5rem", cell: (row) => <Foreign text={row.dtype} /> },
  { id: "shape", header: "Shape", width: "minmax(6rem, 1fr)", cell: (row) => (row.shape.length > 0 ? row.shape.join(" × ") : "one value") },
  { id: "values", header: "Values", width: "7rem", end: true, from: 34, cell: (row) => format.number(row.values) },
  { id: "bytes", header: "Size", width: "6rem", end: true, from: 44, cell: (row) => format.bytes(row.bytes) },
];

// What a file of weights holds: names, types and shapes, from its header alone.
export function Tensors({ digest, file, bytes }: { digest: string; file: string | undefined; bytes: number }) {
  const query = useQuery({
    queryKey: ["tensors", digest, file],
    queryFn: ({ signal }) => readTensors(digest, file, bytes, signal),
    staleTime: Infinity,
    retry: false,
  });
  const [q, setQ] = useState("");
  const header = typeof query.data === "object" ? query.data : undefined;
  const rows = useMemo(() => (header?.tensors ?? []).filter((tensor) => tensor.name.toLowerCase().includes(q.toLowerCase())), [header, q]);
  if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="the header" lines={10} />;
  if (!header) return <Empty title="This is no safetensors file">{typeof query.data === "string" && <Foreign text={query.data} />}</Empty>;
  const values = header.tensors.reduce((sum, tensor) => sum + tensor.values, 0);
  return (
    <>
      <div className={bars.bars}>
        <Finder label="Search tensors" value={q} onSearch={setQ} />
        <span className="muted" role="status">
          {header.tensors.length.toLocaleString("en")} tensors, {values.toLocaleString("en")} values
        </span>
      </div>
      {header.metadata.length > 0 && (
        <div className={bars.note}>
          <Facts facts={header.metadata.map(([name, value]) => [name, <Foreign key={name} text={value} />] as const)} />
        </div>
      )}
      <div className={css.fill}>
        <Table label="Tensors" columns={columns} rows={rows} rowKey={(row) => row.name} />
      </div>
    </>
  );
}
