import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { seriesQuery, type StepRange } from "@/api/reading";
import { Foreign, format, ProblemBox, useSeen, useSize } from "@/design";
import { usePalette } from "@/design/paint";
import { Chart, type Line, type Mark } from "./Chart";
import { dashOf, useCurveColours } from "./curves";
import css from "./Metrics.module.css";
import { curveOf, ema, entriesOf, entryAt, joined, marksNear, type Curve, type Entry, type Found, type Source } from "./model";
import { SeriesTable } from "./SeriesTable";

export interface PanelSource extends Source {
  after: number; // a fork: its curve begins here
}

interface Props {
  name: string;
  all: readonly [number, number]; // the steps that there are
  unit: string;
  doc: string;
  sources: readonly PanelSource[];
  marks: readonly Mark[];
  smooth: number; // half-life in steps; 0: none
  log: boolean;
  table: boolean;
  range: StepRange | undefined;
  onRange: (range: readonly [number, number] | undefined) => void;
}

const height = 200;
const markPixels = 6;

const nowhere = [0, 1] as const;

interface GridProps extends Omit<Props, "name" | "all" | "unit" | "doc"> {
  names: readonly string[];
  declared: readonly { name: string; unit?: string; doc?: string }[];
  infos: ReadonlyMap<string, Found>;
}

// A panel for each of the metrics, in their order.
export function PanelGrid({ names, declared, infos, ...shared }: GridProps) {
  return (
    <div className={css.grid}>
      {names.map((name) => {
        const told = declared.find((metric) => metric.name === name);
        return <Panel key={name} name={name} all={infos.get(name)?.steps ?? nowhere} unit={told?.unit ?? ""} doc={told?.doc ?? ""} {...shared} />;
      })}
    </div>
  );
}

// One metric: its curves and what stands at the crosshair, or the same as a table.
function Panel(props: Props) {
  const root = useRef<HTMLElement>(null);
  const seen = useSeen(root);
  return (
    <section ref={root} className={css.panel} aria-label={props.name}>
      <header className={css.panelHead}>
        <h3 title={props.doc}>
          <Foreign text={props.name} />
          {props.unit && <span className="muted"> {props.unit}</span>}
        </h3>
        {!seen && <div style={{ blockSize: height }} />}
      </header>
      {seen && <PanelBody {...props} />}
    </section>
  );
}

interface Drawn {
  curve: Curve;
  entries: Entry[];
  source: PanelSource;
  at: number; // of the source
}

function PanelBody({ name, all, sources, marks, smooth, log, table, range, onRange }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { width } = useSize(box);
  // A chart that is a little wider asks for nothing new, and none is sent more than it has pixels for.
  const asked = Math.max(100, Math.floor(width / 100) * 100);
  const answers = useQueries({ queries: sources.map((source) => seriesQuery(source, name, range, asked)) });
  const colours = useCurveColours();
  const palette = usePalette();
  const [hover, setHover] = useState<number>();

  const stamp = answers.map((answer) => answer.dataUpdatedAt).join();
  const fresh = useMemo<Drawn[]>(
    () =>
      answers.flatMap((answer, at) => {
        const series = answer.data?.series?.[0];
        const source = sources[at];
        if (!series || !source) return [];
        return [{ curve: curveOf(series, source.after), entries: entriesOf(series), source, at }];
      }),
    // Answers are new objects with each drawing; the stamp says when one has changed.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [stamp, sources],
  );
  // Another range or width is another question: until it is answered, what was drawn stays.
  const [kept, setKept] = useState(fresh);
  const pending = answers.some((answer) => answer.isPending);
  if (!pending && kept !== fresh) setKept(fresh);
  const drawn = pending ? kept : fresh;
  const { x, lines } = useMemo(() => linesOf(drawn, smooth, log, colours), [drawn, smooth, log, colours]);
  const allMarks = useMemo(
    () => [
      ...marks,
      ...drawn.flatMap(({ curve }) => curve.odd.map((odd): Mark => ({ step: odd.step, kind: "odd", text: odd.what }))),
    ],
    [marks, drawn],
  );
  const shown = useMemo(() => (range ? ([range.from, range.to] as const) : undefined), [range]);
  const onHover = useCallback((step: number | undefined) => setHover(step), []);

  const error = answers.find((answer) => answer.error && !answer.data)?.error;
  const raw = drawn.reduce((sum, { curve }) => sum + curve.raw, 0);
  const odd = drawn.reduce((sum, { entries }) => sum + entries.reduce((part, entry) => part + entry.odd, 0), 0);
  return (
    <>
      <p className={css.count}>
        {raw.toLocaleString("en")} points{odd > 0 && <span className={css.odd}> · × {odd.toLocaleString("en")} not finite</span>}
      </p>
      <div ref={box} className={css.box} style={{ minBlockSize: height }}>
        {error && <ProblemBox problem={problemText(error)} />}
        {!error && drawn.length > 0 && table && <SeriesTable name={name} drawn={drawn} marks={marks} />}
        {!error && drawn.length > 0 && !table && (
          <Chart
            label={`${name}, ${raw.toLocaleString("en")} points`}
            x={x}
            lines={lines}
            marks={allMarks}
            log={log}
            width={width}
            height={height}
            all={all}
            range={shown}
            palette={palette}
            onRange={onRange}
            onHover={onHover}
          />
        )}
      </div>
      {!table && <Readout drawn={drawn} step={hover} reach={reachOf(shown ?? all, width)} marks={allMarks} colours={colours} />}
    </>
  );
}

function linesOf(drawn: readonly Drawn[], smooth: number, log: boolean, colours: readonly string[]): { x: number[]; lines: Line[] } {
  // A logarithm has no place for what is not above zero.
  const fit = (y: readonly (number | null)[]) => (log ? y.map((value) => (value !== null && value > 0 ? value : null)) : [...y]);
  const parts = drawn.flatMap(({ curve, at }) => {
    const look = { colour: colours[at % colours.length] ?? "", dash: dashOf(at) };
    const rawLine = { ...look, faint: smooth > 0, curve: { x: curve.x, y: fit(curve.y) } };
    return smooth > 0 ? [rawLine, { ...look, faint: false, curve: { x: curve.x, y: fit(ema(curve, smooth)) } }] : [rawLine];
  });
  const [x, ...columns] = joined(parts.map((part) => part.curve));
  return { x, lines: parts.map(({ colour, dash, faint }, at) => ({ colour, dash, faint, y: columns[at] ?? [] })) };
}

const shownNumber = (value: number | string | null) => (typeof value === "number" ? format.number(value) : (value ?? "–"));

// In how many steps of the crosshair a mark counts as pointed at.
function reachOf([from, to]: readonly [number, number], width: number): number {
  return Math.max(0.75, ((to - from) / Math.max(1, width)) * markPixels);
}

interface ReadoutProps {
  drawn: readonly Drawn[];
  step: number | undefined;
  reach: number;
  marks: readonly Mark[];
  colours: readonly string[];
}

// What stands at the crosshair; at the last step while there is none.
function Readout({ drawn, step, reach, marks, colours }: ReadoutProps) {
  const near = step === undefined ? [] : marksNear(marks, step, reach);
  return (
    <div className={css.readout}>
      {drawn.map(({ entries, source, at }) => {
        const entry = step === undefined ? entries.at(-1) : entryAt(entries, step);
        return (
          <span key={source.key} className={css.said}>
            <svg width="18" height="8" aria-hidden="true">
              <line x1="0" x2="18" y1="4" y2="4" strokeWidth="2" stroke={colours[at % colours.length]} strokeDasharray={dashOf(at).join()} />
            </svg>
            {drawn.length > 1 && <Foreign text={source.key} />}
            {entry && (
              <>
                <b>{shownNumber(entry.last)}</b>
                <span className="muted">
                  {entry.count > 1
                    ? `steps ${entry.from}–${entry.to}: ${shownNumber(entry.min)} to ${shownNumber(entry.max)}`
                    : `step ${entry.from}`}
                </span>
              </>
            )}
          </span>
        );
      })}
      {near.map((mark) => (
        <span key={mark.text} className={css.said}>
          <Foreign text={mark.text} />
        </span>
      ))}
    </div>
  );
}
