import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { problemText } from "@/api/problem";
import { runQuery } from "@/api/queries";
import { declarationQuery, metricsKey, metricsQuery } from "@/api/reading";
import type { Run } from "@/api/types";
import { useKey } from "@/app/keys";
import type { MetricsSearch } from "@/app/readingSearch";
import { Button, Empty, Loading, ProblemBox, ScrollRegion } from "@/design";
import bars from "../run/Reading.module.css";
import { Finder } from "../run/Finder";
import css from "../run/Run.module.css";
import { StagePicker } from "../run/StagePicker";
import { Choice, Reused, Toggle } from "../run/Toggle";
import { useGrowth } from "../run/useGrowth";
import { useRunId } from "../run/useRun";
import own from "./Metrics.module.css";
import { foundIn, ordered, sourceOf, type Source } from "./model";
import { PanelGrid } from "./Panel";
import { SourcePicker, stagesWithMetrics } from "./SourcePicker";
import { useMarks } from "./useMarks";

const elsewhereMs = 5_000;
const smoothings = [
  ["0", "Raw"],
  ["2", "EMA 2"],
  ["10", "EMA 10"],
  ["50", "EMA 50"],
] as const;

// The stage that one most likely came for: the one that runs, else the first that made steps.
export function likelyStage(run: Run | undefined): string | undefined {
  const withMetrics = new Set(stagesWithMetrics(run));
  const stages = (run?.stages ?? []).filter((stage) => withMetrics.has(stage.name));
  const trained = stages.filter((stage) => stage.progress.total > 0 || stage.attempts > 0);
  return (
    stages.find((stage) => stage.status === "running") ??
    trained.find((stage) => stage.outputs?.rollouts !== undefined) ??
    trained[0] ??
    stages[0]
  )?.name;
}

// Curves of a stage, with others laid over them.
export function MetricsTab() {
  const run = useRunId();
  const search = useSearch({ from: "/runs/$run/metrics" });
  const navigate = useNavigate({ from: "/runs/$run/metrics" });
  const runDocument = useQuery(runQuery(run));
  const stage = search.stage?.replace(/\[$/, "");
  const chosen = search.of ?? [stage ?? likelyStage(runDocument.data)].flatMap((key) => key ?? []);
  const text = chosen.join("\n");
  const sources = useMemo(() => text.split("\n").filter(Boolean).map((key) => sourceOf(key, run)), [text, run]);
  const change = useCallback(
    (next: Partial<MetricsSearch>) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const first = sources[0];
  if (runDocument.error) return <ProblemBox problem={problemText(runDocument.error)} retry={() => void runDocument.refetch()} />;
  if (!runDocument.data) return <Loading what="metrics" lines={10} />;
  return (
    <>
      <div className={bars.bars}>
        <StagePicker
          label="Stage"
          stages={stagesWithMetrics(runDocument.data)}
          stage={first?.key}
          onStage={(key) => change({ of: [key, ...chosen.slice(1)], from: undefined, to: undefined })}
        />
        {first && <SourcePicker run={run} sources={sources} onSources={(of) => change({ of })} />}
        <Choice
          label="Smoothing: what lies so many steps back counts half"
          options={smoothings}
          value={smoothings.find(([value]) => Number(value) === search.smooth)?.[0] ?? "0"}
          onChange={(value) => change({ smooth: Number(value) || undefined })}
        />
        <Toggle on={search.log === true} onChange={(on) => change({ log: on || undefined })}>
          Log scale
        </Toggle>
        <Toggle on={search.as === "table"} onChange={(on) => change({ as: on ? "table" : undefined })}>
          Table
        </Toggle>
        {search.from !== undefined && search.to !== undefined && (
          <Button onClick={() => change({ from: undefined, to: undefined })}>
            Steps {search.from.toLocaleString("en")}–{search.to.toLocaleString("en")}: show all
          </Button>
        )}
      </div>
      {sources.length === 0 ? (
        <Empty title="No metrics yet">A stage that reports metrics shows them here as it runs.</Empty>
      ) : (
        <Panels key={run} run={run} sources={sources} search={search} onChange={change} uses={usesOf(runDocument.data, first)} />
      )}
    </>
  );
}

function usesOf(run: Run, source: Source | undefined): string {
  const name = source?.stage.replace(/\[.*/s, "");
  return run.stages?.find((stage) => stage.name === name)?.uses ?? "";
}

interface PanelsProps {
  run: string;
  sources: Source[];
  search: MetricsSearch;
  uses: string;
  onChange: (next: Partial<MetricsSearch>) => void;
}

function Panels({ run, sources, search, uses, onChange }: PanelsProps) {
  const lists = useQueries({ queries: sources.map((source) => metricsQuery(source)) });
  const declared = useQuery(declarationQuery(uses));
  const { marks, sources: placed } = useMarks(run, sources);
  useKey("0", "All steps of the metrics", () => onChange({ from: undefined, to: undefined }));

  const stamp = lists.map((list) => list.dataUpdatedAt).join();
  const infos = useMemo(() => foundIn(lists.map((list) => list.data?.metrics ?? [])), [stamp]); // eslint-disable-line react-hooks/exhaustive-deps
  const { overview, rest } = useMemo(
    () => ordered([...infos.values()], declared.data?.metrics ?? []),
    [infos, declared.data],
  );
  const q = search.q?.toLowerCase();
  const names = q ? [...overview, ...rest].filter((name) => q === "*" || name.toLowerCase().includes(q)) : overview;
  const range = useMemo(
    () => (search.from !== undefined && search.to !== undefined ? { from: search.from, to: search.to } : undefined),
    [search.from, search.to],
  );
  const onRange = useCallback(
    (next: readonly [number, number] | undefined) => onChange({ from: next?.[0], to: next?.[1] }),
    [onChange],
  );
  const error = lists.find((list) => list.error && !list.data)?.error;
  if (error) return <ProblemBox problem={problemText(error)} retry={() => lists.forEach((list) => void list.refetch())} />;
  if (lists.some((list) => list.isPending)) return <Loading what="metrics" lines={10} />;
  const counting = lists.some((list) => list.data?.counting);
  return (
    <ScrollRegion label="Metrics" className={css.scroll} style={{ padding: 0 }}>
      {sources.map((source) => (source.run === run ? <Grows key={source.key} source={source} /> : <GrowsElsewhere key={source.key} source={source} />))}
      <Reused from={lists[0]?.data?.reused_from} />
      <div className={bars.bars}>
        <Finder label="Search metrics" value={search.q ?? ""} onSearch={(text) => onChange({ q: text || undefined })} />
        <span className="muted">
          {names.length} of {infos.size} metrics
          {!q && rest.length > 0 && "; a search shows the others, * shows all"}
          {counting && ", still counting"}
        </span>
      </div>
      {infos.size === 0 && !counting && <Empty title="This stage wrote no metrics" />}
      {infos.size > 0 && names.length === 0 && <Empty title="No metric has such a name" />}
      {names.length > 0 && <Legend smooth={search.smooth ?? 0} />}
      <PanelGrid
        names={names}
        declared={declared.data?.metrics ?? []}
        infos={infos}
        sources={placed}
        marks={marks}
        smooth={search.smooth ?? 0}
        log={search.log === true}
        table={search.as === "table"}
        range={range}
        onRange={onRange}
      />
    </ScrollRegion>
  );
}

// Reads a source's metrics again as they grow.
function Grows({ source }: { source: Source }) {
  useGrowth(source.stage, "metric_bytes", metricsKey(source));
  return null;
}

// The stream tells of the run that is shown alone; another one that runs is asked.
function GrowsElsewhere({ source }: { source: Source }) {
  const queries = useQueryClient();
  const { data } = useQuery({ ...runQuery(source.run), refetchInterval: elsewhereMs });
  const running = data?.status === "running";
  const { run, stage } = source;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => void queries.invalidateQueries({ queryKey: metricsKey({ run, stage }) }), elsewhereMs);
    return () => clearInterval(timer);
  }, [running, queries, run, stage]);
  return null;
}

function Legend({ smooth }: { smooth: number }) {
  return (
    <p className={own.legend}>
      <span>▲ checkpoint</span>
      <span>┊ watchdog or fork</span>
      <span>× not finite</span>
      {smooth > 0 && <span>Curves: exponential moving average, half-life {smooth} steps; raw values behind them, faint</span>}
      <span>Drag zooms; Shift with the wheel, too</span>
    </p>
  );
}
