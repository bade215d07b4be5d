import { useId } from "react";
import css from "./Reading.module.css";

// Which stage a tab is about. `stages` are those that have something to show; one that is looked at by
// its address is offered as well.
// `all`: what comes first and means all of them, as the stage "*".
interface Props {
  label: string;
  stages: readonly string[];
  stage: string | undefined;
  all?: string;
  onStage: (stage: string) => void;
}

export function StagePicker({ label, stages, stage, all: every, onStage }: Props) {
  const id = useId();
  const all = stage === undefined || stage === "*" || stages.includes(stage) ? stages : [stage, ...stages];
  return (
    <span className={css.field}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className={css.select} value={stage ?? ""} onChange={(event) => onStage(event.target.value)}>
        {stage === undefined && <option value="">choose…</option>}
        {every !== undefined && <option value="*">{every}</option>}
        {all.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
