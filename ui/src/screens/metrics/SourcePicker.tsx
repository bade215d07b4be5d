import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { runQuery, runsQuery } from "@/api/queries";
import type { Run } from "@/api/types";
import { Button, Foreign, format, IconButton } from "@/design";
import { mostSources } from "./curves";
import css from "./Metrics.module.css";
import type { Source } from "./model";
import bars from "../run/Reading.module.css";

interface Props {
  run: string;
  sources: readonly Source[];
  onSources: (keys: string[]) => void;
}

export function stagesWithMetrics(run: Run | undefined): string[] {
  return (run?.stages ?? []).filter((stage) => Object.keys(stage.metrics ?? {}).length > 0).map((stage) => stage.name);
}

// Which curves lie over each other: stages of this run and of others.
export function SourcePicker({ run, sources, onSources }: Props) {
  const [adding, setAdding] = useState(false);
  const keys = sources.map((source) => source.key);
  return (
    <>
      {sources.length > 1 && (
        <span className={css.sources}>
          {sources.map((source) => (
            <span key={source.key} className={css.source}>
              <Foreign text={source.key} />
              <IconButton
                icon="close"
                label={`Leave out ${source.key}`}
                onClick={() => onSources(keys.filter((key) => key !== source.key))}
              />
            </span>
          ))}
        </span>
      )}
      {!adding && (
        <Button onClick={() => setAdding(true)} disabled={keys.length >= mostSources}>
          Lay over…
        </Button>
      )}
      {adding && (
        <Adding
          run={run}
          known={keys}
          onDone={(key) => {
            setAdding(false);
            if (key) onSources([...keys, key]);
          }}
        />
      )}
    </>
  );
}

function Adding({ run, known, onDone }: { run: string; known: readonly string[]; onDone: (key: string | undefined) => void }) {
  const [other, setOther] = useState(run);
  const runs = useInfiniteQuery(runsQuery({}));
  const { data } = useQuery(runQuery(other));
  const rows = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  const stages = stagesWithMetrics(data).filter((stage) => !known.includes(other === run ? stage : `${other}/${stage}`));
  return (
    <>
      <span className={bars.field}>
        <select className={bars.select} aria-label="Run to lay over" value={other} onChange={(event) => setOther(event.target.value)}>
          {!rows.some((row) => row.id === run) && <option value={run}>this run</option>}
          {rows.map((row) => (
            <option key={row.id} value={row.id}>
              {row.id === run ? "this run" : `${row.name}, ${format.exact(Date.parse(row.created_at)).slice(0, 16)}, ${row.id}`}
            </option>
          ))}
        </select>
        <select
          className={bars.select}
          aria-label="Stage to lay over"
          value=""
          onChange={(event) => onDone(other === run ? event.target.value : `${other}/${event.target.value}`)}
        >
          <option value="">{stages.length === 0 ? "no further stage" : "stage…"}</option>
          {stages.map((stage) => (
            <option key={stage} value={stage}>
              {stage}
            </option>
          ))}
        </select>
      </span>
      <IconButton icon="close" label="Lay nothing over" onClick={() => onDone(undefined)} />
    </>
  );
}
