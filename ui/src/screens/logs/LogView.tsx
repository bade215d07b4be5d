import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { readLogRange, type LogLine, type LogPlace, type TaskPath } from "@/api/reading";
import { useKey } from "@/app/keys";
import type { LogsSearch } from "@/app/readingSearch";
import { Button, clsx, Empty, Foreign, format, IconButton, Loading, ProblemBox } from "@/design";
import { Reused } from "../run/Toggle";
import { jumpByKey, readOn, type End } from "./ends";
import { Line, type Columns } from "./LogLines";
import css from "./Logs.module.css";
import { useAnchor } from "./useAnchor";
import { useLogSearch, type Hits } from "./useLogSearch";
import { useLogWindow, type Log } from "./useLogWindow";
import { hitFrom, nextHit, placeOf, targetOf, type LogWindow } from "./window";

interface Props {
  task: TaskPath;
  place: LogPlace;
  search: LogsSearch;
  onChange: (next: Partial<LogsSearch>) => void;
}

// A log of any length: what is in sight and a little around it.
export function LogView({ task, place, search, onChange }: Props) {
  const target = useMemo(() => ({ line: search.line, at: search.at }), [search.line, search.at]);
  const [atBottom, setAtBottom] = useState(true);
  const log = useLogWindow(task, place, target, atBottom);
  const searchPlace = useMemo<LogPlace>(
    () => ({ attempt: place.attempt, source: place.source, level: place.level }),
    [place],
  );
  const found = useLogSearch(task, searchPlace, search.q, search.regex === true);
  const { window } = log;
  const scroller = useRef<HTMLDivElement>(null);
  useAnchor(scroller, log, target, atBottom);

  const columns = useMemo(() => {
    const all = new Map<number, Columns>();
    for (const hit of found.hits) all.set(hit.offset, (hit.columns ?? []) as unknown as Columns);
    return all;
  }, [found.hits]);
  const link = useCallback(
    (line: LogLine) => onChange({ ...targetOf(line), attempt: log.window?.attempt }),
    [onChange, log.window?.attempt],
  );

  const attempt = window?.attempt;
  const read = useMemo<LogPlace>(() => ({ ...place, attempt }), [place, attempt]);
  const { more } = log;
  const onScroll = () => {
    const element = scroller.current;
    if (element && window) setAtBottom(readOn(element, window, more));
  };
  const jump = (where: End) => {
    onChange({ line: undefined, at: undefined });
    log.open(where);
  };

  if (log.error && !window) return <ProblemBox problem={problemText(log.error)} retry={() => log.open("end")} />;
  if (!window) return log.counting ? <Empty title="Counting lines…">The line that the link names is not reached yet.</Empty> : <Loading what="the log" lines={14} />;
  const current = placeOf(window.lines, target);
  return (
    <>
      <Reused from={log.page?.reused_from} />
      {search.q && <HitBar found={found} target={target} window={window} task={task} place={read} onChange={onChange} />}
      {/* A list that scrolls can be reached with the keyboard; Home and End lead to the log's own ends. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={scroller}
        className={clsx(css.list, search.wrap && css.wrap)}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="region"
        aria-label={`${search.source === "output" ? "Output" : "Log"} of ${task.stage}`}
        onScroll={onScroll}
        onKeyDown={(event) => jumpByKey(event, jump)}
      >
        {window.lines.length === 0 && (
          <div className={css.nothing}>
            <Nothing filtered={Boolean(place.q ?? place.level)} goingOn={log.page?.going_on === true} source={search.source} onSource={(source) => onChange({ source })} />
          </div>
        )}
        <div className={css.lines} role="list">
          {window.lines.map((line, at) => (
            <Line
              key={line.offset}
              line={line}
              columns={columns.get(line.offset) ?? (line.columns as unknown as Columns)}
              current={at === current}
              withLevel={search.source !== "output"}
              task={task}
              place={read}
              onLink={link}
            />
          ))}
        </div>
      </div>
      <Foot log={log} window={window} follow={atBottom} onJump={jump} onLine={(line) => onChange({ line, at: undefined })} />
    </>
  );
}

interface NothingProps {
  filtered: boolean;
  goingOn: boolean;
  source: LogsSearch["source"];
  onSource: (source: LogsSearch["source"]) => void;
}

function Nothing({ filtered, goingOn, source, onSource }: NothingProps) {
  if (filtered) return <Empty title="No line matches" />;
  const output = source === "output";
  return (
    <Empty title={goingOn ? "Nothing written yet" : "Nothing was written"}>
      {output ? "What the stage itself reports is in its log." : "What its process prints is in its output."}{" "}
      <Button onClick={() => onSource(output ? undefined : "output")}>{output ? "Show the log" : "Show the output"}</Button>
    </Empty>
  );
}

interface HitProps {
  found: Hits;
  target: { line?: number | undefined; at?: number | undefined };
  window: LogWindow;
  task: TaskPath;
  place: LogPlace;
  onChange: (next: Partial<LogsSearch>) => void;
}

// How many hits there are, which one is shown, and the way to the next.
function HitBar({ found, target, window, task, place, onChange }: HitProps) {
  const { hits } = found;
  const at = placeOf(hits, target);
  const go = (backwards: boolean) => {
    // From a line without a hit: the next one behind it.
    const here = at < 0 && target.line !== undefined ? (window.lines[placeOf(window.lines, target)]?.offset ?? 0) : undefined;
    const to = here !== undefined && !backwards ? hitFrom(hits, here) : nextHit(hits, at, backwards);
    const hit = hits[to];
    if (hit) onChange({ ...targetOf(hit), attempt: window.attempt });
  };
  useKey("n", "Next hit in the log", () => go(false));
  useKey("N", "Hit before in the log", () => go(true));
  const share = found.size > 0 ? Math.floor((found.searched / found.size) * 100) : 0;
  const hit = hits[at];
  return (
    <div className={css.foot} role="status">
      {found.error && <span>{problemText(found.error).title}</span>}
      {!found.error && (
        <span>
          {at >= 0 && `${(at + 1).toLocaleString("en")} of `}
          {hits.length.toLocaleString("en")}
          {found.done ? "" : "+"} hits
          {!found.done && ` · ${share} % searched`}
          {found.undecided > 0 && ` · ${found.undecided} lines were too costly for the pattern`}
        </span>
      )}
      <Button kind="plain" disabled={hits.length === 0} onClick={() => go(true)}>
        Before (N)
      </Button>
      <Button kind="plain" disabled={hits.length === 0} onClick={() => go(false)}>
        Next (n)
      </Button>
      {hit?.cut !== undefined && hit.at !== undefined && <Around key={hit.at} task={task} place={place} at={hit.at} />}
    </div>
  );
}

// What stands around a hit in a line that is too long to be shown.
function Around({ task, place, at }: { task: TaskPath; place: LogPlace; at: number }) {
  const [text, setText] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    readLogRange(task, place, Math.max(0, at - 60), 200, stop.signal).then(
      (range) => setText(range.text),
      () => undefined, // the line itself can still be opened
    );
    return () => stop.abort();
  }, [task, place, at]);
  return (
    text !== undefined && (
      <code>
        …<Foreign text={text.replaceAll("\n", " ")} />…
      </code>
    )
  );
}

interface FootProps {
  log: Log;
  window: LogWindow;
  follow: boolean;
  onJump: (where: End) => void;
  onLine: (line: number) => void;
}

// Where in the log one is, and the way elsewhere.
function Foot({ log, window, follow, onJump, onLine }: FootProps) {
  const { total, size, lines } = window;
  const first = lines[0]?.line;
  const typed = useRef<HTMLInputElement>(null);
  return (
    <div className={css.foot}>
      <IconButton icon="up" label="Begin of the log" onClick={() => onJump("begin")} />
      {total !== undefined && total > 0 && (
        <input
          className={css.slider}
          type="range"
          aria-label="Place in the log"
          min={1}
          max={total}
          value={first ?? 1}
          onChange={(event) => log.open({ line: Number(event.target.value) })}
        />
      )}
      <IconButton icon="down" label="End of the log" onClick={() => onJump("end")} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const line = Number(typed.current?.value);
          if (Number.isInteger(line) && line > 0) onLine(line);
        }}
      >
        <label>
          <span className="muted">Line </span>
          <input ref={typed} inputMode="numeric" size={8} pattern="\d+" />
        </label>
      </form>
      <span className="muted">
        {total !== undefined ? `${total.toLocaleString("en")} lines` : "counting lines"} · {format.bytes(size)}
        {log.counting && " · looking for the line"}
      </span>
      {log.error && <span role="status">cannot be read now; what was read before is shown</span>}
      {log.page?.going_on && !log.error && <span>{follow ? "follows" : "grows; go to the end to follow"}</span>}
    </div>
  );
}
