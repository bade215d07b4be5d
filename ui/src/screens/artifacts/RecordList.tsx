import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { useKey } from "@/app/keys";
import { Button, Empty, Foreign, format, Loading, ProblemBox, SearchBox, Table, type Column } from "@/design";
import run_ from "../run/Run.module.css";
import { recordsQuery } from "./queries";
import { recordColumns, type Members } from "./record";

interface Row {
  number: number | undefined;
  offset: number;
  members: Members;
  rest: string;
}

function columnsOf(names: readonly string[]): Column<Row>[] {
  return [
    { id: "number", header: "#", width: "4.5rem", end: true, cell: (row) => row.number?.toLocaleString("en") },
    ...names.map((name, at): Column<Row> => ({
      id: name,
      header: <Foreign text={name} />,
      width: typeof at === "number" && at === 0 ? "minmax(8rem, 1.4fr)" : "minmax(5rem, 1fr)",
      from: [0, 26, 36, 46, 56][at] ?? 60,
      cell: (row) => <Foreign text={short(row.members[name])} />,
    })),
    { id: "rest", header: "Text", width: "minmax(8rem, 3fr)", from: 40, cell: (row) => <Foreign text={row.rest} /> },
  ];
}

function short(value: unknown): string {
  if (typeof value === "number") return format.number(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

// The records of a file of JSON Lines, as the URL filters them.
export function RecordList({ digest, file }: { digest: string; file: string | undefined }) {
  const { where, q } = useSearch({ from: "/runs/$run/artifacts" });
  const navigate = useNavigate({ from: "/runs/$run/artifacts" });
  const query = useInfiniteQuery(recordsQuery(digest, { file, where, q }));
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  const names = useMemo(() => recordColumns(records.slice(0, 20).map((record) => record.record ?? {})), [records]);
  const rows = useMemo(
    () =>
      records.map((record): Row => {
        const members: Members = record.record ?? {};
        const rest = ["question", "response", "responses", "text", "title"].map((name) => members[name]).find((value) => value !== undefined);
        return { number: record.number, offset: record.offset, members, rest: record.error ?? short(rest) };
      }),
    [records],
  );
  const columns = useMemo(() => columnsOf(names), [names]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback(
    (row: Row) => void navigate({ search: (before) => ({ stage: before.stage, at: before.at, file: before.file, number: row.number }) }),
    [navigate],
  );
  return (
    <>
      <div className={run_.bars}>
        <RecordSearch key={q ?? ""} value={q ?? ""} onSearch={(text) => void navigate({ search: (before) => ({ ...before, q: text || undefined }), replace: true })} />
        {(where ?? []).map((one) => (
          <Button
            key={one}
            title="Leave this filter out"
            onClick={() =>
              void navigate({
                search: (before) => ({ ...before, where: before.where?.filter((other) => other !== one) }),
                replace: true,
              })
            }
          >
            <Foreign text={one} /> ×
          </Button>
        ))}
      </div>
      <div className={run_.fill}>
        {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="records" lines={10} />}
        {query.isSuccess && rows.length === 0 && !hasNextPage && <Empty title="No record matches" />}
        {query.isSuccess && rows.length === 0 && hasNextPage && (
          <Empty title="None so far">
            <Button disabled={isFetchingNextPage} onClick={more}>
              Look further
            </Button>
          </Empty>
        )}
        {rows.length > 0 && (
          <Table label="Records" columns={columns} rows={rows} rowKey={(row) => String(row.offset)} onOpen={open} onEnd={more} />
        )}
      </div>
    </>
  );
}

function RecordSearch({ value, onSearch }: { value: string; onSearch: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  useKey("/", "Search", () => input.current?.select());
  return (
    <form
      style={{ display: "contents" }}
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(typed);
      }}
    >
      <SearchBox ref={input} label="Search records, Enter to look" value={typed} onChange={(event) => setTyped(event.target.value)} />
    </form>
  );
}
