import { useId } from "react";
import type { RolloutSort } from "@/api/reading";
import type { RolloutsSearch } from "@/app/readingSearch";
import { Button } from "@/design";
import bars from "../run/Reading.module.css";

interface Props {
  search: RolloutsSearch;
  onChange: (next: Partial<RolloutsSearch>) => void;
}

const orders: readonly (readonly [RolloutSort | "", string])[] = [
  ["", "first to last"],
  ["-made", "newest first"],
  ["-error", "what failed first"],
  ["-reward", "highest reward"],
  ["reward", "lowest reward"],
  ["-advantage", "highest advantage"],
  ["advantage", "lowest advantage"],
  ["-tokens", "longest"],
  ["tokens", "shortest"],
  ["-entropy", "highest entropy"],
  ["entropy", "lowest entropy"],
];
const asMade = new Set(["step", "made"]);
const others: readonly (readonly [RolloutSort, string])[] = [
  ["-step", "last step first"],
  ["error", "what failed last"],
];

const yesNo = [
  ["", "any"],
  ["yes", "yes"],
  ["no", "no"],
] as const;

export function Filters({ search, onChange }: Props) {
  const on = [search.step_min, search.step_max, search.task, search.sample, search.reward_min, search.reward_max];
  const any = [...on, search.advantage, search.truncated, search.dropped, search.with_tokens, search.answered].some((one) => one !== undefined);
  const sort = search.sort && !asMade.has(search.sort) ? search.sort : "";
  return (
    <>
      <Select
        label="Order"
        options={[...orders, ...others.filter(([order]) => order === sort)]}
        value={sort}
        onValue={(order) => onChange({ sort: order as RolloutSort | undefined })}
      />
      <Range label="Steps" from={search.step_min} to={search.step_max} whole onRange={(step_min, step_max) => onChange({ step_min, step_max })} />
      <Range label="Reward" from={search.reward_min} to={search.reward_max} onRange={(reward_min, reward_max) => onChange({ reward_min, reward_max })} />
      <Words key={`t${search.task}`} label="Task" value={search.task} onValue={(task) => onChange({ task })} />
      <Words key={`s${search.sample}`} label="Sample" value={search.sample} onValue={(sample) => onChange({ sample })} />
      <Select
        label="Advantage"
        options={[["", "any"], ["positive", "positive"], ["zero", "zero"], ["negative", "negative"]]}
        value={search.advantage}
        onValue={(advantage) => onChange({ advantage: advantage as RolloutsSearch["advantage"] })}
      />
      <Select label="Answer" options={yesNo} value={search.answered} onValue={(answered) => onChange({ answered: answered as "yes" })} />
      <Select label="Truncated" options={yesNo} value={search.truncated} onValue={(truncated) => onChange({ truncated: truncated as "yes" })} />
      <Select label="Dropped" options={yesNo} value={search.dropped} onValue={(dropped) => onChange({ dropped: dropped as "yes" })} />
      <Select label="With tokens" options={yesNo} value={search.with_tokens} onValue={(with_tokens) => onChange({ with_tokens: with_tokens as "yes" })} />
      {any && (
        <Button
          kind="plain"
          onClick={() =>
            onChange({
              step_min: undefined,
              step_max: undefined,
              task: undefined,
              sample: undefined,
              reward_min: undefined,
              reward_max: undefined,
              advantage: undefined,
              truncated: undefined,
              dropped: undefined,
              with_tokens: undefined,
              answered: undefined,
            })
          }
        >
          No filter
        </Button>
      )}
    </>
  );
}

interface SelectProps {
  label: string;
  options: readonly (readonly [string, string])[];
  value: string | undefined;
  onValue: (value: string | undefined) => void;
}

function Select({ label, options, value, onValue }: SelectProps) {
  const id = useId();
  return (
    <span className={bars.field}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className={bars.select} value={value ?? ""} onChange={(event) => onValue(event.target.value || undefined)}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}

// Applied when it is left or on Enter.
function Words({ label, value, onValue }: { label: string; value: string | undefined; onValue: (value: string | undefined) => void }) {
  const id = useId();
  return (
    <span className={bars.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={bars.input}
        defaultValue={value ?? ""}
        spellCheck={false}
        onBlur={(event) => {
          if (event.target.value.trim() !== (value ?? "")) onValue(event.target.value.trim() || undefined);
        }}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </span>
  );
}

interface RangeProps {
  label: string;
  from: number | undefined;
  to: number | undefined;
  whole?: boolean;
  onRange: (from: number | undefined, to: number | undefined) => void;
}

function Range({ label, from, to, whole = false, onRange }: RangeProps) {
  const read = (text: string) => {
    const value = Number(text.trim() || NaN);
    return Number.isFinite(value) && (!whole || Number.isInteger(value)) ? value : undefined;
  };
  const input = (name: string, value: number | undefined, apply: (value: number | undefined) => void) => (
    <input
      key={`${name}${value}`}
      className={bars.input}
      style={{ inlineSize: "4rem" }}
      aria-label={`${label} ${name}`}
      placeholder={name}
      inputMode="decimal"
      defaultValue={value ?? ""}
      onBlur={(event) => {
        const next = read(event.target.value);
        if (next !== value) apply(next);
      }}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
    />
  );
  return (
    <span className={bars.field} role="group" aria-label={label}>
      <span className="muted">{label}</span>
      {input("from", from, (next) => onRange(next, to))}
      {input("to", to, (next) => onRange(from, next))}
    </span>
  );
}
