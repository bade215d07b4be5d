import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import type { runStatuses} from "@/api/runFilter";
import { formatFilter, parseFilter, type RunFilter } from "@/api/runFilter";
import { useKey } from "@/app/keys";
import { clsx, SearchBox } from "@/design";
import css from "./Runs.module.css";

interface FilterBarProps {
  filter: RunFilter;
  onFilter: (filter: RunFilter) => void;
  children?: ReactNode; // beside it
}

const typingPause = 250;
const chips = ["running", "failed", "waiting", "succeeded"] as const satisfies readonly (typeof runStatuses)[number][];

// One box in the grammar of the command line, and buttons for what is asked most.
export function FilterBar({ filter, onFilter, children }: FilterBarProps) {
  const shown = formatFilter(filter);
  const [typed, setTyped] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const note = useId();
  const value = typed ?? shown;
  const { problems } = parseFilter(value);
  useKey("/", "Search", () => input.current?.select());

  // Applied in a pause of typing, and only what can be read.
  useEffect(() => {
    if (typed === undefined) return;
    const timer = setTimeout(() => {
      const next = parseFilter(typed);
      if (next.problems.length === 0) onFilter(next.filter);
    }, typingPause);
    return () => clearTimeout(timer);
  }, [typed, onFilter]);

  const toggle = (status: string) => {
    setTyped(undefined);
    onFilter({ ...filter, status: filter.status === status ? undefined : status });
  };
  return (
    <>
      <SearchBox
        ref={input}
        label="Search runs"
        aria-describedby={note}
        aria-invalid={problems.length > 0}
        value={value}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => {
          if (typed === undefined || problems.length > 0) return;
          onFilter(parseFilter(typed).filter);
          setTyped(undefined);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <div className={css.chips} role="group" aria-label="Status">
        {chips.map((status) => (
          <button
            key={status}
            type="button"
            className={css.chip}
            aria-pressed={filter.status === status}
            onClick={() => toggle(status)}
          >
            {status}
          </button>
        ))}
      </div>
      {children}
      <p id={note} className={clsx(css.note, problems.length > 0 && css.wrong)}>
        {problems[0] ?? "Words, or status=!succeeded  workflow=FILE  label=KEY=VALUE  created_after=2026-11-01"}
      </p>
    </>
  );
}
