import { format, useNow } from "@/design";
import { useLink } from "./live";
import css from "./Shell.module.css";

// Whether what is shown is what is. A page that is cut off says since when.
export function ConnectionBadge() {
  const link = useLink();
  useNow(link.state === "lost" ? 5_000 : 0);
  // The space is kept, so that nothing jumps.
  return (
    <span className={css.badge} role="status" aria-live="polite">
      {link.state === "live" && <span title="Changes are shown as they happen">live</span>}
      {link.state === "connecting" && "connecting"}
      {link.state === "lost" && (
        <span className={css.lost} title={`No news since ${format.exact(link.since)}`}>
          reconnecting · stale since {format.clock(link.since)}
        </span>
      )}
    </span>
  );
}
