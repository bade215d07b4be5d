import { duration, exact, relative } from "./time";
import { useNow } from "./useNow";

// A moment: relative, exact on hover and for those who hear it.
export function Time({ at }: { at: string | number | null | undefined }) {
  const ms = typeof at === "string" ? Date.parse(at) : (at ?? NaN);
  const known = Number.isFinite(ms);
  const now = useNow(known ? 5_000 : 0);
  if (!known) return <span className="muted">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {relative(ms, now)}
    </time>
  );
}

interface DurationProps {
  from: string | null | undefined;
  to: string | null | undefined; // null: it still goes on
}

export function Duration({ from, to }: DurationProps) {
  const goesOn = Boolean(from) && !to;
  const now = useNow(goesOn ? 1000 : 0);
  if (!from) return <span className="muted">–</span>;
  const begin = Date.parse(from);
  const end = to ? Date.parse(to) : now;
  return (
    <span title={`${exact(begin)} – ${to ? exact(end) : "now"}`}>
      {duration(goesOn ? Math.max(0, Math.floor((end - begin) / 1000) * 1000) : end - begin)}
    </span>
  );
}
