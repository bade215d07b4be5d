import type { CSSProperties } from "react";
import { clsx } from "./clsx";
import css from "./Status.module.css";
import { statuses, statusMeaning, statusOf, statusShape, total, type Counts, type Status } from "./statuses";

const colour = (status: Status) => `var(--st-${status})`;

export function StatusIcon({ status, className }: { status: Status; className?: string }) {
  const shape = statusShape[status];
  return (
    <svg className={clsx(css.icon, "moving", className)} viewBox="0 0 16 16" aria-hidden="true" fill="none">
      {shape.fill && <path d={shape.fill} fill="currentColor" fillRule="evenodd" />}
      {shape.stroke && (
        <path d={shape.stroke} stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" />
      )}
    </svg>
  );
}

interface StatusProps {
  status: string;
  cached?: boolean;
  badge?: boolean; // with a tint, for the one status that a page is about
}

// Icon and word. The word is the server's own.
export function StatusLabel({ status, cached = false, badge = false }: StatusProps) {
  const known = statusOf(status, cached);
  const style: CSSProperties = { color: colour(known) };
  if (badge) style.background = `var(--st-${known}-bg)`;
  return (
    <span
      className={clsx(css.status, badge && css.badge, known === "running" && css.running)}
      style={style}
      title={statusMeaning[known]}
    >
      <StatusIcon status={known} />
      {known === "cached" ? "cached" : status}
    </span>
  );
}

// "12 succeeded, 1 failed"
export function countsInWords(counts: Counts): string {
  const words = statuses.filter((s) => counts[s]).map((s) => `${counts[s]?.toLocaleString("en")} ${s}`);
  return words.join(", ") || "nothing yet";
}

// How many are in which state, as one bar. Never a part without a pixel.
export function StatusBar({ counts, label }: { counts: Counts; label?: string }) {
  const words = countsInWords(counts);
  return (
    <span className={css.bar} role="img" aria-label={label ? `${label}: ${words}` : words} title={words}>
      {total(counts) > 0 &&
        [...statuses].reverse().map((status) => {
          const count = counts[status] ?? 0;
          if (count === 0) return null;
          const quiet = status === "pending";
          return (
            <span
              key={status}
              className={clsx(css.part, quiet && css.pendingPart)}
              style={quiet ? { flexGrow: count } : { flexGrow: count, background: colour(status) }}
            />
          );
        })}
    </span>
  );
}

export function StatusLegend({ counts }: { counts: Counts }) {
  return (
    <ul className={css.legend}>
      {statuses
        .filter((status) => counts[status])
        .map((status) => (
          <li key={status} className={css.status}>
            <span style={{ color: colour(status) }}>
              <StatusIcon status={status} />
            </span>
            {counts[status]?.toLocaleString("en")} {status}
          </li>
        ))}
    </ul>
  );
}
