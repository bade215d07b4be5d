import { useId, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { RunRow } from "@/api/types";
import { Foreign, format, StatusLabel, statusOf, statusShape, useNow, useSize } from "@/design";
import css from "./Overview.module.css";
import { markAt, measuresOf, mostRuns, overviewOf, type Mark } from "./overview";

interface Props {
  rows: readonly RunRow[];
  measure: string | undefined; // its id
  onMeasure: (id: string | undefined) => void;
  onOpen: (row: RunRow) => void;
  onSpan: (from: number, to: number) => void; // ms since 1970
}

const height = 72;
const mostLanes = 5;
const laneHeight = 9;
const laneTop = height + 8;
const gutter = 84;
const smallestDrag = 6;

// The newest runs over time: one number of each above, how long they were at it below. A click or Enter
// leads to the run, a drag narrows the list to a time. The list is its twin in words.
export function RunsOverview({ rows, measure: wanted, onMeasure, onOpen, onSpan }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { width: room } = useSize(frame);
  const select = useId();
  const [over, setOver] = useState<string>();
  const [reached, setReached] = useState<string>();
  const [drag, setDrag] = useState<readonly [number, number]>();
  const goesOn = rows.some((row) => !row.finished_at);
  const now = useNow(goesOn ? 5_000 : 0);
  const measures = useMemo(() => measuresOf(rows.slice(0, mostRuns)), [rows]);
  const measure = measures.find(({ id }) => id === wanted) ?? measures[0];
  const width = Math.max(60, room - gutter - 12);
  const picture = useMemo(() => measure && overviewOf(rows, measure, { width, height, lanes: mostLanes }, now), [rows, measure, width, now]);
  if (!measure || !picture) return null;
  const { marks } = picture;
  const lanes = marks.reduce((most, mark) => Math.max(most, mark.lane + 1), 1);
  const axisTop = laneTop + lanes * laneHeight + 4;
  const active = marks.find(({ row }) => row.id === over);
  const place = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left - gutter, y: event.clientY - box.top };
  };
  const onPointerMove = (event: PointerEvent) => {
    const { x, y } = place(event);
    if (drag) return setDrag([drag[0], x]);
    setOver(markAt(marks, x, y, laneTop, laneHeight)?.row.id);
  };
  const onPointerUp = (event: PointerEvent) => {
    const { x, y } = place(event);
    setDrag(undefined);
    if (drag && Math.abs(x - drag[0]) >= smallestDrag) {
      const ends = [picture.scale.time(Math.min(x, drag[0])), picture.scale.time(Math.max(x, drag[0]))] as const;
      return onSpan(Math.floor(ends[0]), Math.ceil(ends[1]) + 1);
    }
    const mark = markAt(marks, x, y, laneTop, laneHeight);
    if (mark) onOpen(mark.row);
  };
  const at = Math.max(0, reached === undefined ? marks.length - 1 : marks.findIndex(({ row }) => row.id === reached));
  const onKeyDown = (event: KeyboardEvent) => {
    const last = marks.length - 1;
    const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
    const to = moves[event.key];
    if (event.key === "Enter") {
      const mark = marks[at];
      if (mark) onOpen(mark.row);
    } else if (to !== undefined) {
      const mark = marks[Math.min(Math.max(to, 0), last)];
      if (!mark) return;
      setReached(mark.row.id);
      frame.current?.querySelector<SVGElement>(`[data-run="${mark.row.id}"]`)?.focus();
    } else return;
    event.preventDefault();
  };
  return (
    <div className={css.overview}>
      <div className={css.head}>
        <label htmlFor={select}>Runs over time, by</label>
        <select
          id={select}
          className={css.select}
          value={measure.id}
          onChange={(event) => onMeasure(event.target.value === "duration" ? undefined : event.target.value)}
        >
          {measures.map(({ id, label }) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </select>
        <span className={css.said} aria-hidden="true">
          {active ? <MarkWords mark={active} words={measure.words} /> : "A click opens a run, a drag narrows the list to a time."}
        </span>
      </div>
      <div ref={frame} className={css.frame}>
        <svg
          className={css.picture}
          width={gutter + width + 12}
          height={axisTop + 16}
          aria-label="Runs over time"
          role="group"
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            const { x } = place(event);
            event.currentTarget.setPointerCapture(event.pointerId);
            setDrag([x, x]);
          }}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerCancel={() => setDrag(undefined)}
          onPointerLeave={() => setOver(undefined)}
        >
          {picture.values.map(({ at: y, words }) => (
            <g key={words}>
              <line className={css.grid} x1={gutter} x2={gutter + width} y1={y} y2={y} />
              <text className={css.words} x={gutter - 6} y={y + 3.5} textAnchor="end">
                {words}
              </text>
            </g>
          ))}
          <g transform={`translate(${gutter} 0)`}>
            {picture.scale.pieces.map((piece) => piece.folded && <rect key={piece.x} className={css.folded} x={piece.x} width={piece.width} height={axisTop} />)}
            {picture.times.map(({ at: x, words }) => (
              <text key={x} className={css.words} x={x} y={axisTop + 12}>
                {words}
              </text>
            ))}
            <g role="listbox" aria-label={`The newest ${marks.length} runs. Arrow keys move, Enter opens; the list below says the same.`}>
              {marks.map((mark, place) => (
                <MarkShape
                key={mark.row.id}
                mark={mark}
                reachable={place === at}
                lit={mark.row.id === over}
                words={measure.words}
                onFocus={(id) => {
                  setReached(id);
                  setOver(id);
                }}
                onBlur={() => setOver(undefined)}
              />
              ))}
            </g>
            {drag && <rect className={css.drag} x={Math.min(...drag)} width={Math.abs(drag[1] - drag[0])} height={axisTop} />}
          </g>
        </svg>
      </div>
    </div>
  );
}

function MarkWords({ mark: { row, value }, words }: { mark: Mark; words: (value: number) => string }) {
  return (
    <>
      <Foreign text={row.name} /> <code>{row.id}</code> <StatusLabel status={row.status} />{" "}
      {value !== undefined && words(value)} · {format.exact(Date.parse(row.started_at ?? row.created_at)).slice(0, 16)}
    </>
  );
}

interface ShapeProps {
  mark: Mark;
  reachable: boolean;
  lit: boolean;
  words: (value: number) => string;
  onFocus: (id: string) => void;
  onBlur: () => void;
}

// A state has a shape of its own on the point; the bar has its colour.
function MarkShape({ mark, reachable, lit, words, onFocus, onBlur }: ShapeProps) {
  const { row, x, y, width, lane, value } = mark;
  const status = statusOf(row.status, false);
  const shape = statusShape[status];
  const top = laneTop + lane * laneHeight;
  const said = [row.name, row.id, row.status, value !== undefined && words(value)].filter(Boolean).join(", ");
  return (
    <g role="presentation" className={lit ? css.lit : undefined} style={{ color: `var(--st-${status})` }}>
      {y !== undefined && (
        <g transform={`translate(${x - 6} ${y - 6}) scale(0.75)`} fill="none" aria-hidden="true">
          {shape.fill && <path d={shape.fill} fill="currentColor" fillRule="evenodd" />}
          {shape.stroke && <path d={shape.stroke} stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />}
        </g>
      )}
      <rect
        className={css.bar}
        data-run={row.id}
        role="option"
        aria-selected={lit}
        aria-label={said}
        tabIndex={reachable ? 0 : -1}
        x={x}
        y={top + 1}
        width={width}
        height={laneHeight - 2}
        rx={1.5}
        onFocus={() => onFocus(row.id)}
        onBlur={onBlur}
      />
    </g>
  );
}
