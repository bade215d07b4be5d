import { Link } from "@tanstack/react-router";
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { problemText } from "@/api/problem";
import type { RunLogFilter, RunLogLine } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";
import { clsx, Empty, Foreign, format, IconButton, Loading, ProblemBox } from "@/design";
import { endOf, readOn } from "./ends";
import { LineText, type Columns } from "./LogLines";
import css from "./Logs.module.css";
import { useAnchor } from "./useAnchor";
import { useMergedLog, type MergedLog } from "./useMergedLog";

const nowhere = {};

// What all tasks of the run logged, in the order of time.
export function MergedView({ run, search }: { run: string; search: LogsSearch }) {
  const { level, q, regex } = search;
  const filter = useMemo<RunLogFilter>(() => ({ level, q, ...(q && regex && { regex }) }), [level, q, regex]);
  const [atBottom, setAtBottom] = useState(true);
  const log = useMergedLog(run, filter, atBottom);
  const { window, more } = log;
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => window?.pieces.flatMap((piece) => piece.lines) ?? [], [window]);
  const anchored = useMemo(() => ({ window: window && { lines: [], atEnd: window.atEnd && !q }, opened: log.opened }), [window, log.opened, q]);
  useAnchor(scroller, anchored, nowhere, atBottom);

  // A filter may leave few lines of many: read on until the view is full.
  const short = window !== undefined && lines.length < 50;
  useEffect(() => {
    if (!short) return;
    if (q ? !window.atEnd : !window.atBegin) more(!q);
  }, [short, window, q, more]);

  const onScroll = () => {
    const element = scroller.current;
    if (element && window) setAtBottom(readOn(element, window, more));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const end = endOf(event);
    if (!end) return;
    log.open(end);
    event.preventDefault();
  };
  if (log.error && !window) return <ProblemBox problem={problemText(log.error)} retry={() => log.open("end")} />;
  if (!window) return <Loading what="the log" lines={14} />;
  return (
    <>
      {/* A list that scrolls can be reached with the keyboard; Home and End lead to the log's own ends. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={scroller}
        className={clsx(css.list, search.wrap && css.wrap)}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-label="Log of all tasks"
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        {lines.length === 0 && (q ? window.atEnd : window.atBegin) && (
          <div className={css.nothing}>
            <Empty title={q || level ? "No line matches" : window.goingOn ? "Nothing written yet" : "Nothing was written"}>
              What processes print is in the output of each task.
            </Empty>
          </div>
        )}
        <div className={css.lines} role="list">
          {lines.map(({ id, line }) => (
            <Merged key={id} id={id} line={line} run={run} />
          ))}
        </div>
      </div>
      <Foot log={log} count={lines.length} searched={q !== undefined} follow={atBottom} />
    </>
  );
}

const Merged = memo(function Merged({ id, line, run }: { id: number; line: RunLogLine; run: string }) {
  const time = line.time && format.exact(Date.parse(line.time));
  return (
    <div className={css.line} data-offset={id} data-level={line.level} role="listitem">
      <Link
        className={css.task}
        to="/runs/$run/logs"
        params={{ run }}
        search={{ of: line.task, attempt: line.attempt, at: line.offset }}
        title={`This line in the log of ${line.task}, attempt ${line.attempt}`}
      >
        <Foreign text={line.task} />
        {line.earlier && " (before)"}
      </Link>
      <span className={css.time} title={time}>
        {time?.slice(11, 23)}
      </span>
      <span className={css.level}>{line.level}</span>
      <span className={css.text}>
        <LineText text={line.text} columns={line.columns as unknown as Columns} />
        {line.cut !== undefined && <span className="muted"> … {format.bytes(line.cut)} in all</span>}
      </span>
    </div>
  );
});

function Foot({ log, count, searched, follow }: { log: MergedLog; count: number; searched: boolean; follow: boolean }) {
  const { window, error } = log;
  if (!window) return null;
  return (
    <div className={css.foot} role="status">
      <IconButton icon="up" label="Begin of the log" onClick={() => log.open("begin")} />
      <IconButton icon="down" label="End of the log" onClick={() => log.open("end")} />
      {searched && (
        <span>
          {count.toLocaleString("en")}
          {window.atEnd ? "" : "+"} hits
        </span>
      )}
      <span className="muted">All tasks, by time</span>
      {window.leftOut > 0 && <span className="muted">{window.leftOut.toLocaleString("en")} logs are left out: a run may have more than can be merged</span>}
      {error && <span>cannot be read now; what was read before is shown</span>}
      {window.goingOn && !error && <span>{follow ? "follows" : "grows; go to the end to follow"}</span>}
    </div>
  );
}
