import { useMemo, useState } from "react";
import { Foreign } from "@/design";
import { ParamField } from "../actions/ParamForm";
import { typeWords, type Declaration, type ParamDeclaration } from "../plugins/declaration";
import css from "./NewRun.module.css";
import { typedValues, valueWords, type FormParam } from "./params";
import { entriesOf } from "./scan";
import { setStageParam, type Change } from "./setParam";

interface Props {
  text: string;
  stage: string;
  declared: Declaration;
  effect: Readonly<Record<string, unknown>> | undefined; // the values of the text that was checked last
  onChange: (change: Change) => void;
}

function asParam({ name, type, doc, required = false, default: kept, min, max, choices = [] }: ParamDeclaration): FormParam {
  return { name, type, doc, required, default: kept === undefined ? undefined : valueWords(kept), min, max, values: choices };
}

// The parameters of one stage as its type declares them; what is set goes into the text.
export function StageForm({ text, stage, declared, effect, onChange }: Props) {
  const given = useMemo(
    () =>
      new Map(
        entriesOf(text)
          .filter((entry) => entry.path.length === 4 && entry.path[0] === "stages" && entry.path[1] === stage && entry.path[2] === "with")
          .map((entry) => [entry.path[3] ?? "", entry.value]),
      ),
    [text, stage],
  );
  return (
    <section className={css.section} aria-label={`Stage ${stage}`}>
      <h2>
        <Foreign text={stage} /> <span className="muted">{declared.name}</span>
      </h2>
      <p className="muted">
        <Foreign text={declared.doc} />
      </p>
      <div className={css.stack}>
        {declared.params.map((param) => (
          <StageField
            key={`${stage} ${param.name} ${given.get(param.name) ?? ""}`}
            param={param}
            written={given.get(param.name)}
            effect={effect?.[param.name]}
            onValue={(value) => {
              const change = setStageParam(text, stage, param.name, value);
              if (change) onChange(change);
            }}
          />
        ))}
      </div>
    </section>
  );
}

interface FieldProps {
  param: ParamDeclaration;
  written: string | undefined; // in the text; empty: a list or a map
  effect: unknown;
  onValue: (value: unknown) => void;
}

function StageField({ param, written, effect, onValue }: FieldProps) {
  const [typed, setTyped] = useState(written ?? "");
  const shown = asParam(param);
  const { values, wrong } = typedValues([shown], { [param.name]: typed });
  const reference = typed.startsWith("${");
  if (written === "" || ["list", "json"].includes(param.type))
    return (
      <p className={css.fixed}>
        <code>{param.name}</code> <span className="muted">{typeWords(param)}, in the text</span>
        <br />
        <span className="muted">
          <Foreign text={param.doc} />
        </span>
      </p>
    );
  const put = (value: unknown) => {
    if (value !== undefined && value !== written) onValue(value);
  };
  const select = (param.choices?.length ?? 0) > 0 || param.type === "bool";
  return (
    <ParamField
      param={{ ...shown, doc: reference && effect !== undefined ? `${shown.doc} · now ${valueWords(effect)}` : shown.doc, values: reference && select ? [typed, ...(param.choices ?? ["true", "false"])] : shown.values }}
      text={typed}
      wrong={reference ? undefined : wrong[param.name]}
      onText={(text) => {
        setTyped(text);
        if (select) put(typedValues([shown], { [param.name]: text }).values[param.name]);
      }}
      onDone={() => {
        if (typed !== (written ?? "")) put(reference ? typed : values[param.name]);
      }}
    />
  );
}
