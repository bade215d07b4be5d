import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { runKey, runQuery } from "@/api/queries";
import { readLog, type LogPlace, type TaskPath } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";
import { Empty, Loading, ProblemBox } from "@/design";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import { StagePicker } from "../run/StagePicker";
import { Choice, Toggle } from "../run/Toggle";
import { useRunDocuments, useRunId } from "../run/useRun";
import { Download, DownloadMerged } from "./Download";
import { LogView } from "./LogView";
import { MergedView } from "./MergedView";
import { shownPlace } from "./filtered";
import { everything } from "./merged";

const attemptsMs = 5_000;
const levels = ["debug", "info", "warning", "error"] as const;

// The log of one task, or of all: what the stage said, or what its process printed.
export function LogsTab() {
  const run = useRunId();
  const search = useSearch({ from: "/runs/$run/logs" });
  const navigate = useNavigate({ from: "/runs/$run/logs" });
  const { structure, error } = useRunDocuments();
  const runDocument = useQuery(runQuery(run));
  const change = useCallback(
    (next: Partial<LogsSearch>) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const stages = useMemo(() => structure?.stages.map((stage) => stage.name) ?? [], [structure]);
  const likely = useMemo(() => {
    const all = runDocument.data?.stages ?? [];
    const found = all.find((stage) => stage.status === "failed") ?? all.find((stage) => stage.status === "running");
    return found?.name ?? (runDocument.data && everything);
  }, [runDocument.data]);
  const of = search.of ?? search.stage ?? likely;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (of === undefined) return stages.length === 0 ? <Loading what="the log" lines={14} /> : <Empty title="No stage has a log yet" />;
  const merged = of === everything;
  const pick = (stage: string) => change({ of: stage, attempt: undefined, line: undefined, at: undefined, entry: undefined });
  return (
    <>
      <div className={bars.bars}>
        <StagePicker label="Task" stages={stages} stage={of} all="All tasks" onStage={pick} />
        {!merged && (
        <Choice
          label="Source"
          options={[
            ["log", "Log"],
            ["output", "Output"],
          ]}
          value={search.source ?? "log"}
          onChange={(source) =>
            change({ source: source === "log" ? undefined : source, line: undefined, at: undefined, level: undefined })
          }
        />
        )}
        {!merged && <Attempts run={run} of={of} search={search} onChange={change} />}
        {(merged || search.source !== "output") && <Levels level={search.level} onLevel={(level) => change({ level })} />}
        <Finder label="Search the log" value={search.q ?? ""} onSearch={(text) => change({ q: text || undefined, only: text ? search.only : undefined })} />
        <span className={bars.group}>
          <Toggle on={search.regex === true} onChange={(on) => change({ regex: on || undefined })}>
            Regex
          </Toggle>
          {search.q && !merged && (
            <Toggle on={search.only === true} onChange={(on) => change({ only: on || undefined })}>
              Only hits
            </Toggle>
          )}
          <Toggle on={search.wrap === true} onChange={(on) => change({ wrap: on || undefined })}>
            Wrap
          </Toggle>
        </span>
        {merged ? <DownloadMerged key={of} run={run} search={search} /> : <Download key={of} task={{ run, stage: of }} search={search} />}
      </div>
      {merged && <MergedView key={run} run={run} search={search} onChange={change} />}
      {!merged && <Viewed key={JSON.stringify([run, of, search.attempt, search.source])} run={run} of={of} search={search} onChange={change} />}
    </>
  );
}

interface PartProps {
  run: string;
  of: string;
  search: LogsSearch;
  onChange: (next: Partial<LogsSearch>) => void;
}

function Viewed({ run, of, search, onChange }: PartProps) {
  const task = useMemo<TaskPath>(() => ({ run, stage: of }), [run, of]);
  const { attempt, source, level, regex } = search;
  const q = search.only ? search.q : undefined;
  const place = useMemo<LogPlace>(() => shownPlace({ attempt, source, level, q, only: true, regex }), [attempt, source, level, q, regex]);
  return <LogView task={task} place={place} search={search} onChange={onChange} />;
}

function Attempts({ run, of, search, onChange }: PartProps) {
  const { data } = useQuery({
    queryKey: [...runKey(run), "log", of, search.source ?? "log"],
    queryFn: ({ signal }) => readLog({ run, stage: of }, { source: search.source }, { limit: 1 }, signal),
    refetchInterval: ({ state }) => (state.data?.going_on ? attemptsMs : false),
  });
  const found = data?.attempts ?? [];
  if (found.length < 2) return null;
  return (
    <span className={bars.field}>
      <label htmlFor="log-attempt">Attempt</label>
      <select
        id="log-attempt"
        className={bars.select}
        value={search.attempt ?? ""}
        onChange={(event) => onChange({ attempt: Number(event.target.value) || undefined, line: undefined, at: undefined })}
      >
        <option value="">newest</option>
        {found.map((attempt) => (
          <option key={attempt} value={attempt}>
            {attempt}
          </option>
        ))}
      </select>
    </span>
  );
}

function Levels({ level, onLevel }: { level: string | undefined; onLevel: (level: string | undefined) => void }) {
  const on = new Set(level?.split(","));
  const toggle = (name: string) => {
    const next = levels.filter((known) => (known === name ? !on.has(known) : on.has(known)));
    onLevel(next.length > 0 && next.length < levels.length ? next.join(",") : undefined);
  };
  return (
    <span className={bars.group} role="group" aria-label="Levels">
      {levels.map((name) => (
        <Toggle key={name} on={on.has(name)} onChange={() => toggle(name)}>
          {name}
        </Toggle>
      ))}
    </span>
  );
}
