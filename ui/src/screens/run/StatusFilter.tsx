import { StatusIcon, statuses, type Counts } from "@/design";
import css from "../runs/Runs.module.css";

interface Props {
  counts: Counts;
  status: string | undefined;
  onStatus: (status: string | undefined) => void;
}

// The states that there are, each with its count, to choose one.
export function StatusFilter({ counts, status, onStatus }: Props) {
  return (
    <div className={css.chips} role="group" aria-label="Status">
      {statuses
        .filter((known) => counts[known] || known === status)
        .map((known) => (
          <button
            key={known}
            type="button"
            className={css.chip}
            aria-pressed={status === known}
            onClick={() => onStatus(status === known ? undefined : known)}
          >
            <span className={css.chipIcon} style={{ color: `var(--st-${known})` }}>
              <StatusIcon status={known} />
            </span>
            {known} {(counts[known] ?? 0).toLocaleString("en")}
          </button>
        ))}
    </div>
  );
}
