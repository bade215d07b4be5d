import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { runQuery } from "@/api/queries";
import { declarationQuery, metricsQuery } from "@/api/reading";
import type { Run } from "@/api/types";
import type { CompareSearch } from "@/app/router";
import { Empty, Loading, ProblemBox, ScrollRegion } from "@/design";
import { likelyStage } from "../metrics/MetricsTab";
import { foundIn, ordered } from "../metrics/model";
import { PanelGrid, type PanelSource } from "../metrics/Panel";
import { stagesWithMetrics } from "../metrics/SourcePicker";
import { forkStep } from "../metrics/useMarks";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import run_ from "../run/Run.module.css";
import { StagePicker } from "../run/StagePicker";
import { Choice, Toggle } from "../run/Toggle";

const smoothings = [
  ["0", "Raw"],
  ["2", "EMA 2"],
  ["10", "EMA 10"],
  ["50", "EMA 50"],
] as const;

// The metrics of a stage that both have, the curves of one over those of the other. Begins with the stage
// at which they part, where that has metrics.
export function Metrics({ one, other, parts }: { one: string; other: string; parts: string | undefined }) {
  const search = useSearch({ from: "/compare/$one/$other" });
  const navigate = useNavigate({ from: "/compare/$one/$other" });
  const first = useQuery(runQuery(one));
  const second = useQuery(runQuery(other));
  const change = useCallback(
    (next: Partial<CompareSearch>) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const both = useMemo(() => {
    const has = new Set(stagesWithMetrics(second.data));
    return stagesWithMetrics(first.data).filter((stage) => has.has(stage));
  }, [first.data, second.data]);
  const likely = likelyStage(second.data);
  const begins = [parts, likely].find((stage) => stage !== undefined && both.includes(stage)) ?? both[0];
  const stage = search.stage ?? begins;
  const error = first.error ?? second.error;
  if (error) return <ProblemBox problem={problemText(error)} retry={() => (void first.refetch(), void second.refetch())} />;
  if (!first.data || !second.data) return <Loading what="metrics" lines={10} />;
  if (stage === undefined) return <Empty title="No stage that both measured">Curves lie over each other where both runs have a stage of the same name with metrics.</Empty>;
  return (
    <>
      <div className={bars.bars}>
        <Finder label="Search metrics" value={search.q ?? ""} onSearch={(q) => change({ q: q || undefined })} />
        <StagePicker label="Stage" stages={both} stage={stage} onStage={(name) => change({ stage: name, from: undefined, to: undefined })} />
        <Choice
          label="Smoothing: what lies so many steps back counts half"
          options={smoothings}
          value={smoothings.find(([value]) => Number(value) === search.smooth)?.[0] ?? "0"}
          onChange={(value) => change({ smooth: Number(value) || undefined })}
        />
        <Toggle on={search.as === "table"} onChange={(on) => change({ as: on ? "table" : undefined })}>
          Table
        </Toggle>
      </div>
      <Overlay key={stage} runs={[first.data, second.data]} stage={stage} search={search} onChange={change} />
    </>
  );
}

interface OverlayProps {
  runs: readonly [Run, Run];
  stage: string;
  search: CompareSearch;
  onChange: (next: Partial<CompareSearch>) => void;
}

const noMarks: never[] = [];

function Overlay({ runs, stage, search, onChange }: OverlayProps) {
  const [first, second] = runs;
  const sources = useMemo<PanelSource[]>(
    () => [first, second].map((run) => ({ run: run.id, stage, key: `${run.id}/${stage}`, after: forkStep(run, stage) })),
    [first, second, stage],
  );
  const lists = useQueries({ queries: sources.map((source) => metricsQuery(source)) });
  const declared = useQuery(declarationQuery(second.stages?.find((known) => known.name === stage)?.uses ?? "")).data?.metrics ?? [];
  const range = useMemo(() => (search.from !== undefined && search.to !== undefined ? { from: search.from, to: search.to } : undefined), [search.from, search.to]);
  const onRange = useCallback((next: readonly [number, number] | undefined) => onChange({ from: next?.[0], to: next?.[1] }), [onChange]);
  const error = lists.find((list) => list.error)?.error;
  if (error) return <ProblemBox problem={problemText(error)} retry={() => lists.forEach((list) => void list.refetch())} />;
  const [left, right] = lists.map((list) => list.data?.metrics);
  if (!left || !right) return <Loading what="metrics" lines={10} />;
  const both = right.filter(({ name }) => left.some((info) => info.name === name));
  const infos = foundIn([left, both]);
  const { overview, rest } = ordered(both, declared);
  const q = search.q?.toLowerCase();
  const names = q ? [...overview, ...rest].filter((name) => name.toLowerCase().includes(q)) : overview;
  return (
    <ScrollRegion label="Metrics" className={run_.scroll} style={{ padding: 0 }}>
      {names.length === 0 && <Empty title={q ? "No metric has such a name" : "No metric that both measured"} />}
      <PanelGrid
        names={names}
        declared={declared}
        infos={infos}
        sources={sources}
        marks={noMarks}
        smooth={search.smooth ?? 0}
        log={false}
        table={search.as === "table"}
        range={range}
        onRange={onRange}
      />
    </ScrollRegion>
  );
}
