import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import { runQuery, structureQuery, workflowQuery } from "@/api/queries";
import type { Difference } from "@/api/types";
import { Button, Empty, Foreign, format, Loading, ProblemBox, StatusLabel, Table, tabClass, Tabs, type Column } from "@/design";
import run_ from "../run/Run.module.css";
import css from "./Compare.module.css";
import { Metrics } from "./Metrics";
import { capLines, firstDivergence, graphOrder, kinship } from "./model";
import { Scores } from "./Scores";

const TextDiff = lazy(() => import("./TextDiff").then(({ TextDiff }) => ({ default: TextDiff })));

function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return format.number(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

// What each side has; of an output, the way to it.
function Side({ row, value, run }: { row: Difference; value: unknown; run: string }) {
  if (row.part !== "outputs" || typeof value !== "string") return <Foreign text={shown(value)} />;
  return (
    <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: row.name }} title={value}>
      {value.replace(/^sha256:/, "").slice(0, 12)}
    </Link>
  );
}

const columnsOf = (one: string, other: string): Column<Difference>[] => [
  { id: "part", header: "Part", width: "7.5rem", from: 30, cell: (row) => row.part },
  { id: "name", header: "What", width: "minmax(8rem, 1.2fr)", cell: (row) => <Foreign text={row.name} /> },
  { id: "one", header: "First", width: "minmax(5rem, 1fr)", cell: (row) => <Side row={row} value={row.one} run={one} /> },
  { id: "other", header: "Second", width: "minmax(5rem, 1fr)", cell: (row) => <Side row={row} value={row.other} run={other} /> },
  {
    id: "delta",
    header: "Difference",
    width: "7rem",
    from: 44,
    end: true,
    cell: (row) => row.delta !== undefined && `${row.delta > 0 ? "+" : ""}${format.number(row.delta)}`,
  },
];

const views = [
  [undefined, "Differences"],
  ["workflow", "Workflow"],
  ["metrics", "Metrics"],
  ["scores", "Scores"],
] as const;

// Two runs side by side: where they part, what differs, their texts, their scores.
export function Compare() {
  const { one, other } = useParams({ from: "/compare/$one/$other" });
  const { view } = useSearch({ from: "/compare/$one/$other" });
  return (
    <div className={run_.page}>
      <div className={run_.head}>
        <div className={run_.title}>
          <h1>Compare</h1>
          <RunName run={one} />
          <span className="muted">and</span>
          <RunName run={other} />
        </div>
        <Kin one={one} other={other} />
        <Tabs label="Comparison">
          {views.map(([to, label]) => (
            <Link
              key={label}
              to="/compare/$one/$other"
              params={{ one, other }}
              search={{ view: to }}
              className={tabClass}
              activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }}
            >
              {label}
            </Link>
          ))}
        </Tabs>
      </div>
      {view === undefined && <Differences one={one} other={other} />}
      {view === "workflow" && <Workflows one={one} other={other} />}
      {view === "metrics" && <Overlaid one={one} other={other} />}
      {view === "scores" && <Scores one={one} other={other} />}
    </div>
  );
}

function RunName({ run }: { run: string }) {
  const { data } = useQuery(runQuery(run));
  return (
    <span className={css.run}>
      <Link to="/runs/$run/graph" params={{ run }}>
        <Foreign text={data?.name ?? run} />
      </Link>
      <code className="muted">{run}</code>
      {data && <StatusLabel status={data.status} />}
    </span>
  );
}

// Which of the two is made of the other, or what both are made of.
function Kin({ one, other }: { one: string; other: string }) {
  const first = useQuery(runQuery(one)).data;
  const second = useQuery(runQuery(other)).data;
  const kin = first && second && kinship(first, second);
  const at = ({ stage, step }: { stage: string; step: number }) => `at ${stage}${step > 0 ? `, step ${step.toLocaleString("en")}` : ""}`;
  return (
    <p className={css.kin}>
      {first && second && !kin && "Neither is made of the other."}
      {kin?.of === "both" && (
        <>
          Both are made of{" "}
          <Link to="/runs/$run/graph" params={{ run: kin.run }}>
            {kin.run}
          </Link>
          : a {kin.one.how} <Foreign text={at(kin.one)} /> and a {kin.other.how} <Foreign text={at(kin.other)} />
        </>
      )}
      {(kin?.of === "first" || kin?.of === "second") && (
        <>
          The {kin.of} is a {kin.origin.how} of the other <Foreign text={at(kin.origin)} />
        </>
      )}
    </p>
  );
}

const diffQuery = (one: string, other: string) =>
  queryOptions({
    queryKey: ["diff", one, other],
    queryFn: ({ signal }) =>
      document(client.GET("/api/v1/runs/{run}/diff/{other}", { params: { path: { run: one, other } }, signal })),
  });

function Overlaid({ one, other }: { one: string; other: string }) {
  const order = useOrder(other);
  const { data, isPending } = useQuery(diffQuery(one, other));
  const first = useMemo(() => order && firstDivergence(data?.differences ?? [], order), [data, order]);
  if (isPending || !order) return <Loading what="the comparison" lines={10} />;
  return <Metrics one={one} other={other} parts={first?.stage} />;
}

// Undefined until the graph is known.
function useOrder(run: string): string[] | undefined {
  const structure = useQuery(structureQuery(run));
  return useMemo(() => structure.data && graphOrder(structure.data.stages), [structure.data]);
}

function Differences({ one, other }: { one: string; other: string }) {
  const { part } = useSearch({ from: "/compare/$one/$other" });
  const navigate = useNavigate({ from: "/compare/$one/$other" });
  const order = useOrder(other);
  const query = useQuery(diffQuery(one, other));
  const all = useMemo(() => query.data?.differences ?? [], [query.data]);
  const parts = useMemo(() => [...new Set(all.map((row) => row.part))], [all]);
  const rows = useMemo(() => (part === undefined ? all : all.filter((row) => row.part === part)), [all, part]);
  const first = useMemo(() => order && firstDivergence(all, order), [all, order]);
  const columns = useMemo(() => columnsOf(one, other), [one, other]);
  const seed = all.find((row) => row.part === "workflow" && row.name === "seed");
  return (
    <>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="the comparison" lines={10} />}
      {query.data && all.length === 0 && <Empty title="The two runs are equal" />}
      {first && (
        <p className={css.first}>
          <b>They part at</b>{" "}
          <Link to="/runs/$run/graph" params={{ run: other }} search={{ stage: first.stage }}>
            <Foreign text={first.stage} />
          </Link>
          {first.chance ? (
            <span className="muted">: the same went in, another result came out. {seed ? `Their seeds are ${shown(seed.one)} and ${shown(seed.other)}.` : "Something outside the workflow has changed."}</span>
          ) : (
            <span>
              :{" "}
              {first.differences.slice(0, 4).map((row) => (
                <span key={row.name} className={css.cause}>
                  {row.part} <code><Foreign text={row.name} /></code>
                </span>
              ))}
              {first.differences.length > 4 && `and ${first.differences.length - 4} more`}
            </span>
          )}
        </p>
      )}
      {all.length > 0 && (
        <>
          <div className={run_.bars}>
            {[undefined, ...parts].map((name) => (
              <Button
                key={name ?? ""}
                aria-pressed={part === name}
                kind={part === name ? "primary" : "normal"}
                onClick={() => void navigate({ search: (before) => ({ ...before, part: name }), replace: true })}
              >
                {name ?? "all"} {all.filter((row) => name === undefined || row.part === name).length.toLocaleString("en")}
              </Button>
            ))}
          </div>
          <div className={run_.fill}>
            <Table label="Differences" columns={columns} rows={rows} rowKey={(row) => `${row.part} ${row.name}`} />
          </div>
        </>
      )}
    </>
  );
}

function Workflows({ one, other }: { one: string; other: string }) {
  const first = useQuery(workflowQuery(one));
  const second = useQuery(workflowQuery(other));
  const texts = useMemo(() => [capLines(first.data?.text ?? ""), capLines(second.data?.text ?? "")] as const, [first.data, second.data]);
  const error = first.error ?? second.error;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (!first.data || !second.data) return <Loading what="the workflows" lines={12} />;
  const left = Math.max(texts[0].left, texts[1].left);
  return (
    <>
      {first.data.text === second.data.text && <p className={css.first}>The two texts are the same.</p>}
      {left > 0 && <p className={css.first}>The first 4,000 lines; {left.toLocaleString("en")} more are not compared here.</p>}
      {first.data.text !== second.data.text && (
        <Suspense fallback={<Loading what="the comparison" lines={12} />}>
          <TextDiff one={texts[0].text} other={texts[1].text} />
        </Suspense>
      )}
    </>
  );
}
