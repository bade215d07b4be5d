import { useId } from "react";
import { clsx, Foreign } from "@/design";
import css from "./Actions.module.css";
import { controlOf, rangeWords, type FormParam, type Given } from "../newrun/params";

interface Props {
  params: readonly FormParam[];
  given: Given;
  wrong: Readonly<Record<string, string>>;
  onGiven: (name: string, text: string) => void;
}

// A field for each parameter. What is left empty keeps the value that it has.
export function ParamForm({ params, given, wrong, onGiven }: Props) {
  return (
    <div className={css.fields}>
      {params.map((param) => (
        <ParamField
          key={param.name}
          param={param}
          text={given[param.name] ?? ""}
          wrong={wrong[param.name]}
          onText={(text) => onGiven(param.name, text)}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  param: FormParam;
  text: string;
  wrong: string | undefined;
  onText: (text: string) => void;
  onDone?: (() => void) | undefined; // somebody has typed, and goes on elsewhere
}

export function ParamField({ param, text, wrong, onText, onDone }: FieldProps) {
  const id = useId();
  const control = controlOf(param);
  const choices = control === "bool" ? ["true", "false"] : param.values;
  const kept = param.default ?? "";
  const common = {
    id,
    className: clsx(css.input, control !== "choice" && css.code),
    "aria-describedby": `${id}-doc`,
    "aria-invalid": wrong !== undefined,
    value: text,
    disabled: param.old === true,
  };
  return (
    <div className={css.field}>
      <label htmlFor={id} className={css.label}>
        <Foreign text={param.name} />
        <span>
          {rangeWords({ ...param, values: [] })}
          {param.required && ", required"}
        </span>
      </label>
      {control === "choice" || control === "bool" ? (
        <select {...common} onChange={(event) => onText(event.target.value)}>
          <option value="">{kept === "" ? "not given" : kept}</option>
          {choices
            .filter((choice) => choice !== kept || choice === text)
            .map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
        </select>
      ) : (
        <input
          {...common}
          inputMode={control === "number" ? "decimal" : undefined}
          placeholder={kept}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onText(event.target.value)}
          onBlur={onDone}
        />
      )}
      <span id={`${id}-doc`} className={wrong ? css.wrong : "muted"}>
        {wrong ?? <Foreign text={param.doc} />}
      </span>
    </div>
  );
}
