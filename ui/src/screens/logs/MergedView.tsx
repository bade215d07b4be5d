import { Link } from "@tanstack/react-router";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import type { RunLogFilter, RunLogLine } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";
import { clsx, Empty, Foreign, format, IconButton, Loading, ProblemBox } from "@/design";
import { jumpByKey, readOn, type End } from "./ends";
import { LineText, type Columns } from "./LogLines";
import css from "./Logs.module.css";
import { everything } from "./merged";
import { useAnchor } from "./useAnchor";
import { useMergedLog, type MergedLog } from "./useMergedLog";

const nowhere = {};
const aPlace = { at: -1 };

interface Props {
  run: string;
  search: LogsSearch;
  onChange: (next: Partial<LogsSearch>) => void;
}

// What all tasks of the run logged, in the order of time.
export function MergedView({ run, search, onChange }: Props) {
  const { level, q, regex, entry, wrap } = search;
  const filter = useMemo<RunLogFilter>(() => ({ level, q, ...(q && regex && { regex }) }), [level, q, regex]);
  const [atBottom, setAtBottom] = useState(true);
  const log = useMergedLog(run, filter, entry, atBottom);
  const { window, more } = log;
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => window?.pieces.flatMap((piece) => piece.lines) ?? [], [window]);
  const anchored = useMemo(() => ({ window: window && { lines: [], atEnd: window.atEnd && !q }, opened: log.opened }), [window, log.opened, q]);
  useAnchor(scroller, anchored, entry === undefined ? nowhere : aPlace, atBottom);
  const { opened } = log;
  useLayoutEffect(() => {
    if (entry === undefined || opened === 0) return;
    scroller.current?.querySelector('[aria-current="location"]')?.scrollIntoView({ block: "center" });
  }, [entry, opened]);

  // A filter may leave few lines of many: read on until the view is full.
  const short = window !== undefined && lines.length < 50;
  useEffect(() => {
    if (!short) return;
    if (!window.atEnd) more(false);
    else if (!window.atBegin) more(true);
  }, [short, window, more]);

  const onScroll = () => {
    const element = scroller.current;
    if (element && window) setAtBottom(readOn(element, window, more));
  };
  const jump = (where: End) => {
    onChange({ entry: undefined });
    log.open(where);
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
        onKeyDown={(event) => jumpByKey(event, jump)}
      >
        {lines.length === 0 && window.atBegin && window.atEnd && (
          <div className={css.nothing}>
            <Empty title={q || level ? "No line matches" : window.goingOn ? "Nothing written yet" : "Nothing was written"}>
              What processes print is in the output of each task.
            </Empty>
          </div>
        )}
        <div className={css.lines} role="list">
          {lines.map(({ id, line }) => (
            <Merged key={id} id={id} line={line} run={run} level={level} wrap={wrap} current={line.place === entry} />
          ))}
        </div>
      </div>
      <Foot log={log} onJump={jump} count={lines.length} searched={q !== undefined} follow={atBottom} />
    </>
  );
}

interface LineProps {
  id: number;
  line: RunLogLine;
  run: string;
  level: string | undefined; // of the filter
  wrap: boolean | undefined;
  current: boolean;
}

const Merged = memo(function Merged({ id, line, run, level, wrap, current }: LineProps) {
  const time = line.time && format.exact(Date.parse(line.time));
  return (
    <div className={clsx(css.line, current && css.current)} data-offset={id} data-level={line.level} role="listitem" aria-current={current ? "location" : undefined}>
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
      <Link
        className={css.time}
        to="/runs/$run/logs"
        params={{ run }}
        search={{ of: everything, entry: line.place, level, wrap }}
        replace
        title={time ? `${time}: link to this line` : "Link to this line"}
        aria-label={`Link to the line of ${time ?? "no time"}`}
      >
        <span className={css.clock}>{time?.slice(11, 23) ?? "·"}</span>
      </Link>
      <span className={css.level}>{line.level}</span>
      <span className={css.text}>
        <LineText text={line.text} columns={line.columns as unknown as Columns} />
        {line.cut !== undefined && <span className="muted"> … {format.bytes(line.cut)} in all</span>}
      </span>
    </div>
  );
});

interface FootProps {
  log: MergedLog;
  count: number;
  searched: boolean;
  follow: boolean;
  onJump: (where: End) => void;
}

function Foot({ log, count, searched, follow, onJump }: FootProps) {
  const { window, error } = log;
  if (!window) return null;
  return (
    <div className={css.foot} role="status">
      <IconButton icon="up" label="Begin of the log" onClick={() => onJump("begin")} />
      <IconButton icon="down" label="End of the log" onClick={() => onJump("end")} />
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
