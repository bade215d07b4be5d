import { isClear, percent, type Score } from "./model";
import { along, type Axis } from "./plot";
import css from "./Report.module.css";

const width = 200;
const pad = 8;
const height = 22;
const place = (axis: Axis, value: number) => pad + along(axis, value) * (width - 2 * pad);

// A mean with its interval on an axis that all rows of a table share. The numbers stand beside it.
export function Whisker({ score, axis, difference = false }: { score: Score | undefined; axis: Axis; difference?: boolean }) {
  const clear = !difference || (score !== undefined && isClear(score));
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" className={css.whisker}>
      {axis.ticks.map((tick) => (
        <path key={tick} d={`M${place(axis, tick)} 0V${height}`} stroke={difference && Math.abs(tick) < 1e-9 ? "var(--line-strong)" : "var(--line)"} />
      ))}
      {score && Number.isFinite(score.mean) && (
        <g color={clear ? "var(--accent)" : "var(--muted)"}>
          {Number.isFinite(score.low + score.high) && (
            <path d={`M${place(axis, score.low)} ${height / 2}H${place(axis, score.high)} M${place(axis, score.low)} ${height / 2 - 4}v8 M${place(axis, score.high)} ${height / 2 - 4}v8`} stroke="currentColor" strokeWidth="1.5" />
          )}
          <circle cx={place(axis, score.mean)} cy={height / 2} r="4" fill={clear ? "currentColor" : "var(--surface)"} stroke="currentColor" strokeWidth="1.5" />
        </g>
      )}
    </svg>
  );
}

// The numbers of an axis, for the head of the column.
export function AxisNumbers({ axis, label, difference = false }: { axis: Axis; label: string; difference?: boolean }) {
  const words = (tick: number) => (difference ? String(Math.round(tick * 1000) / 10).replace("-", "−") : percent(tick).replace(/\.0$/, ""));
  return (
    <>
      <span className="visually-hidden">{label}</span>
      <svg width={width} height="14" viewBox={`0 0 ${width} 14`} aria-hidden="true" className={css.whisker}>
        {axis.ticks.map((tick) => (
          <text key={tick} x={place(axis, tick)} y="11" textAnchor="middle" fill="var(--muted)" fontSize="11">
            {words(tick)}
          </text>
        ))}
      </svg>
    </>
  );
}
