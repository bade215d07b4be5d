import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { runsQuery } from "@/api/queries";
import type { RunFilter } from "@/api/runFilter";
import type { RunRow } from "@/api/types";
import { useWatch } from "@/app/live";
import { buttonClass, Empty, Loading, ProblemBox, Table } from "@/design";
import { runColumns } from "./columns";
import { FilterBar } from "./FilterBar";
import css from "./Runs.module.css";

const topics = ["runs"];

export function Runs() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const { pick, ...rest } = search;
  const filter: RunFilter = rest;
  const query = useInfiniteQuery(runsQuery(filter));
  useWatch("", topics);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.runs) ?? [], [query.data]);
  const setFilter = useCallback(
    (next: RunFilter) => void navigate({ search: { ...next, pick }, replace: true }),
    [navigate, pick],
  );
  const toggle = useCallback(
    (id: string) =>
      void navigate({
        search: (before) => {
          const chosen = before.pick ?? [];
          const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(-2);
          return { ...before, pick: next.length > 0 ? next : undefined };
        },
        replace: true,
      }),
    [navigate],
  );
  const columns = useMemo(() => runColumns(pick ?? [], toggle), [pick, toggle]);
  const open = useCallback(
    (row: RunRow) => void navigate({ to: "/runs/$run/graph", params: { run: row.id } }),
    [navigate],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  return (
    <div className={css.page}>
      <h1 className="visually-hidden">Runs</h1>
      <div className={css.head}>
        <FilterBar filter={filter} onFilter={setFilter}>
          <span className={css.compare}>
            {pick?.length === 2 && <Compare one={pick[0] ?? ""} other={pick[1] ?? ""} />}
            {pick?.length === 1 && <span className="muted">Choose another run</span>}
          </span>
        </FilterBar>
      </div>
      <div className={css.list}>
        {query.error && !query.data && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
        {query.isPending && <Loading what="runs" lines={12} />}
        {query.isSuccess && rows.length === 0 && <NoRuns filtered={Object.values(filter).some(Boolean)} />}
        {rows.length > 0 && (
          <Table
            label="Runs, newest first"
            columns={columns}
            rows={rows}
            rowKey={rowKey}
            onOpen={open}
            onEnd={more}
            foot={hasNextPage ? "Loading more" : `${rows.length.toLocaleString("en")} runs`}
          />
        )}
      </div>
    </div>
  );
}

const rowKey = (row: RunRow) => row.id;

function NoRuns({ filtered }: { filtered: boolean }) {
  if (filtered)
    return (
      <Empty title="No run matches">
        <Link to="/runs">Show all runs</Link>
      </Empty>
    );
  return (
    <Empty title="No runs yet">
      Start one: <code>cairn submit FILE</code>
    </Empty>
  );
}

function Compare({ one, other }: { one: string; other: string }) {
  return (
    <Link to="/compare/$one/$other" params={{ one, other }} className={buttonClass("primary")}>
      Compare the two
    </Link>
  );
}
