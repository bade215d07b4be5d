import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { runsQuery } from "@/api/queries";
import type { RunFilter } from "@/api/runFilter";
import type { RunRow } from "@/api/types";
import { useWatch } from "@/app/live";
import { Button, buttonClass, Empty, Foreign, Loading, ProblemBox, Table, useSize } from "@/design";
import { runColumns } from "./columns";
import { FilterBar } from "./FilterBar";
import css from "./Runs.module.css";
import { RunsOverview } from "./RunsOverview";

const topics = ["runs"];
// Narrower or lower than this, the picture is shown where somebody asks for it.
const roomForCharts = { width: 640, height: 560 };
const RowMenu = lazy(() => import("./RowMenu").then(({ RowMenu }) => ({ default: RowMenu })));

interface Acting {
  row: RunRow;
  button: HTMLElement;
  at: DOMRect;
  turn: number; // the same row once more is another list
}

export function Runs() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const { pick, charts, above, ...filter } = search;
  const query = useInfiniteQuery(runsQuery(filter));
  useWatch("", topics);

  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.runs) ?? [], [query.data]);
  const setFilter = useCallback(
    (next: RunFilter) => void navigate({ search: { ...next, pick, charts, above }, replace: true }),
    [navigate, pick, charts, above],
  );
  const narrow = useCallback(
    (next: { charts?: "on" | "off"; above?: string | undefined; created_after?: string | undefined; created_before?: string | undefined }) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
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
  const [acting, setActing] = useState<Acting>();
  const act = useCallback((row: RunRow, button: HTMLElement) => setActing((before) => ({ row, button, at: button.getBoundingClientRect(), turn: (before?.turn ?? 0) + 1 })), []);
  const columns = useMemo(() => runColumns(pick ?? [], toggle, act), [pick, toggle, act]);
  const open = useCallback(
    (row: RunRow) => void navigate({ to: "/runs/$run/graph", params: { run: row.id } }),
    [navigate],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const page = useRef<HTMLDivElement>(null);
  const size = useSize(page);
  const drawn = charts ? charts === "on" : size.width >= roomForCharts.width && size.height >= roomForCharts.height;
  const spanned = Boolean(filter.created_after ?? filter.created_before);
  const firstPick = pick?.length === 1 ? rows.find((row) => row.id === pick[0]) : undefined;

  return (
    <div className={css.page} ref={page}>
      <h1 className="visually-hidden">Runs</h1>
      <div className={css.head}>
        <FilterBar filter={filter} onFilter={setFilter}>
          <span className={css.compare}>
            {pick?.length === 2 && <Compare one={pick[0] ?? ""} other={pick[1] ?? ""} />}
            {pick?.length === 1 && (
              <span className="muted">
                Choose another run to compare {firstPick ? <Foreign text={firstPick.name} /> : "it"} with
              </span>
            )}
          </span>
          <span className={css.tools}>
            {spanned && (
              <Button kind="plain" onClick={() => narrow({ created_after: undefined, created_before: undefined })}>
                All times
              </Button>
            )}
            <Button kind="plain" aria-expanded={drawn} onClick={() => narrow({ charts: drawn ? "off" : "on" })}>
              {drawn ? "Hide the picture" : "Show as picture"}
            </Button>
          </span>
        </FilterBar>
      </div>
      {drawn && rows.length > 0 && (
        <RunsOverview
          rows={rows}
          measure={above}
          onMeasure={(id) => narrow({ above: id })}
          onOpen={open}
          onSpan={(from, to) => narrow({ created_after: new Date(from).toISOString(), created_before: new Date(to).toISOString() })}
        />
      )}
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
      {acting && (
        <Suspense>
          <RowMenu
            key={acting.turn}
            row={rows.find((row) => row.id === acting.row.id) ?? acting.row}
            at={acting.at}
            more={[
              {
                id: "compare",
                label: pick?.length === 1 && pick[0] !== acting.row.id ? "Compare with the chosen run" : "Compare with…",
                choose: () => {
                  const [one] = pick ?? [];
                  if (pick?.length === 1 && one && one !== acting.row.id)
                    void navigate({ to: "/compare/$one/$other", params: { one, other: acting.row.id } });
                  else void navigate({ search: (before) => ({ ...before, pick: [acting.row.id] }), replace: true });
                },
              },
            ]}
            onClose={() => acting.button.focus()}
          />
        </Suspense>
      )}
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
