import { useEffect, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { logUrl, type LogPlace, type RunLogFilter, type TaskPath } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";
import { Button, buttonClass, clsx, useToast } from "@/design";
import bars from "../run/Reading.module.css";
import { isFiltered, readFiltered, shownPlace } from "./filtered";
import { readMerged } from "./mergedFile";

// The whole file as it is, or the lines that the filter leaves.
export function Download({ task, search }: { task: TaskPath; search: LogsSearch }) {
  const place = shownPlace(search);
  return (
    <span className={clsx(bars.group, bars.end)}>
      {isFiltered(place) && <DownloadFiltered key={JSON.stringify(place)} task={task} place={place} />}
      <a className={buttonClass()} href={logUrl(task, search)} download>
        Download
      </a>
    </span>
  );
}

// The log of all tasks, or what the filter leaves of it.
export function DownloadMerged({ run, search: { level, q, regex } }: { run: string; search: LogsSearch }) {
  const filter = useMemo<RunLogFilter>(() => ({ level, q, ...(q && regex && { regex }) }), [level, q, regex]);
  const filtered = Boolean(level ?? q);
  const load = (of: RunLogFilter, name: string): Load => async (signal, onState) => {
    const { blob, lines } = await readMerged(run, of, signal, (read) => onState(`${read.toLocaleString("en")} lines`));
    return { blob, lines, name };
  };
  return (
    <span className={clsx(bars.group, bars.end)}>
      {filtered && <Gather key={JSON.stringify(filter)} label="Download filtered" load={load(filter, `${run}-filtered.log`)} />}
      <Gather label="Download" load={load({}, `${run}.log`)} />
    </span>
  );
}

function DownloadFiltered({ task, place }: { task: TaskPath; place: LogPlace }) {
  const load: Load = async (signal, onState) => {
    const { blob, attempt, lines } = await readFiltered(task, place, signal, (share) => onState(`${Math.floor(share * 100)} %`));
    return { blob, lines, name: `${task.stage.replaceAll(/[^\w.-]+/g, "_")}-${attempt}-filtered.log` };
  };
  return <Gather label="Download filtered" load={load} />;
}

type Load = (signal: AbortSignal, onState: (state: string) => void) => Promise<{ blob: Blob; lines: number; name: string }>;

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}

// Gathers a file piece by piece, and says how far it is; it can be stopped.
function Gather({ label, load }: { label: string; load: Load }) {
  const [state, setState] = useState<string>();
  const stop = useRef<AbortController>(undefined);
  const toast = useToast();
  useEffect(() => () => stop.current?.abort(), []);
  const begin = () => {
    const control = new AbortController();
    stop.current = control;
    setState("…");
    load(control.signal, setState)
      .then(
        ({ blob, lines, name }) => {
          save(blob, name);
          toast({ text: `${lines.toLocaleString("en")} lines downloaded` });
        },
        (failure: unknown) => {
          if (!control.signal.aborted) toast({ text: problemText(failure as Error).title, failed: true });
        },
      )
      .finally(() => setState(undefined));
  };
  return state === undefined ? <Button onClick={begin}>{label}</Button> : <Button onClick={() => stop.current?.abort()}>Stop ({state})</Button>;
}
