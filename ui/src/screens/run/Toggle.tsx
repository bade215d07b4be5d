import type { ReactNode } from "react";
import css from "./Reading.module.css";

export function Toggle({ on, onChange, children }: { on: boolean; onChange: (on: boolean) => void; children: ReactNode }) {
  return (
    <button type="button" className={css.toggle} aria-pressed={on} onClick={() => onChange(!on)}>
      {children}
    </button>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}

// One of a few.
export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <span className={css.group} role="group" aria-label={label}>
      {options.map(([option, name]) => (
        <Toggle key={option} on={option === value} onChange={() => onChange(option)}>
          {name}
        </Toggle>
      ))}
    </span>
  );
}

// RUN/TASK that a result comes from, told where it was not made by this run.
export function Reused({ from }: { from: string | undefined }) {
  if (from === undefined) return null;
  return (
    <p className={css.note}>
      The result was reused: this is what <code>{from}</code> wrote when it was made.
    </p>
  );
}
