import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { recordCountQuery, recordsQuery, type RecordItem } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import type { ArtifactSearch } from "@/app/readingSearch";
import { Button, Empty, Loading, ProblemBox, Table } from "@/design";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import css from "../run/Run.module.css";
import { Toggle } from "../run/Toggle";
import { columnsOf, shapeOf } from "./columns";
import type { Raw } from "./qa";
import { Where } from "./Where";

interface Props {
  digest: string;
  file: string | undefined;
  search: ArtifactSearch;
  onChange: (next: ArtifactSearch, replace?: boolean) => void;
}

const looked = 50; // records that say what columns there are

// The records of a file of JSON Lines, as the URL filters them.
export function RecordList({ digest, file, search, onChange }: Props) {
  const { q, regex, where } = search;
  const query = useInfiniteQuery(recordsQuery(digest, { file, q, regex, where }));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  const shape = JSON.stringify(shapeOf(rows.slice(0, looked).flatMap((row) => (row.record ? [row.record as Raw] : []))));
  // Columns are others only where records have other members.
  const columns = useMemo(() => columnsOf(JSON.parse(shape) as ReturnType<typeof shapeOf>), [shape]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const last = query.data?.pages.at(-1);
  const counted = useQuery({ ...recordCountQuery(digest, file), enabled: last?.lines === null }).data;
  const count = last?.lines ?? counted;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback((item: RecordItem) => onChange({ record: item.offset, id: undefined, number: undefined }, false), [onChange]);
  const empty = query.isSuccess && rows.length === 0 && !last?.counting;
  return (
    <>
      <div className={bars.bars}>
        <Finder label="Search records" value={q ?? ""} onSearch={(words) => onChange({ q: words || undefined })} />
        <Toggle on={regex === true} onChange={(on) => onChange({ regex: on || undefined })}>
          Regex
        </Toggle>
        <Where where={where ?? []} onWhere={(next) => onChange({ where: next.length > 0 ? next : undefined })} />
        <span className="muted" role="status">
          {typeof count === "number" ? `${count.toLocaleString("en")} records in all` : last && "counting records"}
          {last && hasNextPage && (q !== undefined || where !== undefined) && `, ${Math.floor((last.searched / Math.max(1, last.size)) * 100)} % searched`}
          {last?.undecided ? `, ${last.undecided} too costly for the pattern` : ""}
        </span>
      </div>
      <div className={css.fill}>
        {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="records" lines={12} />}
        {empty && hasNextPage && (
          // The server's budget for one answer is spent.
          <Empty title="Nothing found so far">
            <Button disabled={isFetchingNextPage} onClick={more}>
              Search on
            </Button>
          </Empty>
        )}
        {empty && !hasNextPage && <Empty title={q !== undefined || where !== undefined ? "No record matches" : "The file is empty"} />}
        {rows.length > 0 && (
          <Table
            label="Records"
            columns={columns}
            rows={rows}
            rowKey={(row) => String(row.offset)}
            chosen={search.record === undefined ? undefined : String(search.record)}
            onOpen={open}
            onEnd={more}
          />
        )}
      </div>
    </>
  );
}
