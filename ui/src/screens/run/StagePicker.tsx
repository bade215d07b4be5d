import { useId } from "react";
import css from "./Reading.module.css";

// Which stage a tab is about. `stages` are those that have something to show; one that is looked at by
// its address is offered as well.
export function StagePicker({ label, stages, stage, onStage }: { label: string; stages: readonly string[]; stage: string | undefined; onStage: (stage: string) => void }) {
  const id = useId();
  const all = stage === undefined || stages.includes(stage) ? stages : [stage, ...stages];
  return (
    <span className={css.field}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className={css.select} value={stage ?? ""} onChange={(event) => onStage(event.target.value)}>
        {stage === undefined && <option value="">choose…</option>}
        {all.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
