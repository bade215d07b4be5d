import { memo, useState } from "react";
import { readLogRange, type LogLine, type LogPlace, type TaskPath } from "@/api/reading";
import { Button, clsx, Foreign, format } from "@/design";
import { hasEscapes, marked, spansOf } from "./ansi";
import css from "./Logs.module.css";

const rangeBytes = 65_536;
const mostShown = 1_000_000; // bytes of one line on the page; more is downloaded

// Where hits stand in a line.
export type Columns = readonly (readonly [number, number])[] | undefined;

interface Props {
  line: LogLine;
  columns: Columns;
  current: boolean;
  withLevel: boolean;
  task: TaskPath;
  place: LogPlace;
  onLink: (line: LogLine) => void;
}

export function LineText({ text, columns }: { text: string; columns: Columns }) {
  if (!hasEscapes(text)) return <Marked text={text} at={0} columns={columns} />;
  return spansOf(text).map((span) => (
    <span
      key={span.at}
      className={clsx(
        span.front && css[`front-${span.front}`],
        span.back && css[`back-${span.back}`],
        span.bold && css.bold,
        span.underline && css.underline,
      )}
    >
      <Marked text={span.text} at={span.at} columns={columns} />
    </span>
  ));
}

function Marked({ text, at, columns }: { text: string; at: number; columns: Columns }) {
  if (!columns) return <Foreign text={text} />;
  return marked(text, columns, at).map((part, place) =>
    part.hit ? (
      <mark key={place} className={css.hit}>
        <Foreign text={part.text} />
      </mark>
    ) : (
      <Foreign key={place} text={part.text} />
    ),
  );
}

export const Line = memo(function Line({ line, columns, current, withLevel, task, place, onLink }: Props) {
  const time = line.time && format.exact(Date.parse(line.time));
  return (
    <div
      className={clsx(css.line, current && css.current, columns && css.found)}
      data-offset={line.offset}
      data-level={line.level}
      role="listitem"
      aria-current={current ? "location" : undefined}
    >
      <button
        type="button"
        className={css.number}
        title={`Link to this line${line.line === undefined ? " (lines are still being counted)" : ""}`}
        onClick={() => onLink(line)}
      >
        {line.line?.toLocaleString("en") ?? "·"}
      </button>
      {withLevel && (
        <span className={css.time} title={time}>
          {time?.slice(11, 23)}
        </span>
      )}
      {withLevel && <span className={css.level}>{line.level}</span>}
      <span className={css.text}>
        <LineText text={line.text} columns={columns} />
        {line.cut !== undefined && <Rest line={line} task={task} place={place} />}
      </span>
    </div>
  );
});

// The rest of a line that is too long to be sent with its page.
function Rest({ line, task, place }: { line: LogLine; task: TaskPath; place: LogPlace }) {
  const [parts, setParts] = useState<string[]>([]);
  const [at, setAt] = useState<number>();
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  const whole = line.cut ?? 0;
  const from = at ?? line.offset;
  const left = line.end - from;
  const load = () => {
    setState("busy");
    readLogRange(task, place, from, Math.min(rangeBytes * 4, left)).then(
      (range) => {
        setParts((before) => [...before, range.text]);
        setAt(range.end);
        setState("idle");
      },
      () => setState("failed"),
    );
  };
  const shown = from - line.offset;
  return (
    <>
      {parts.length > 0 && (
        <span className={css.whole}>
          {parts.map((part, index) => (
            <Foreign key={index} text={part.replace(/\n$/, "")} />
          ))}
        </span>
      )}
      {left > 0 && shown < mostShown && (
        <Button kind="plain" className={css.rest} disabled={state === "busy"} onClick={load}>
          {state === "failed" ? "That failed; try again" : parts.length > 0 ? `show more of ${format.bytes(left)}` : `… ${format.bytes(whole)} in all, show all`}
        </Button>
      )}
      {left > 0 && shown >= mostShown && <span className="muted"> … {format.bytes(left)} more are in the download</span>}
    </>
  );
}
