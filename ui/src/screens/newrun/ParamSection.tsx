import { Loading } from "@/design";
import { ParamForm } from "../actions/ParamForm";
import css from "./NewRun.module.css";
import type { Given } from "./params";
import type { Told } from "./useTold";

interface Props {
  told: Told;
  given: Given;
  wrong: Readonly<Record<string, string>>;
  onGiven: (name: string, text: string) => void;
}

export function ParamSection({ told, given, wrong, onGiven }: Props) {
  return (
    <section className={css.section} aria-label="Parameters">
      <h2>
        Parameters {told.params.some((param) => param.old) && <span className="muted">as they were before the errors</span>}
      </h2>
      {!told.from && <Loading what="the parameters" lines={2} />}
      {told.from && told.params.length === 0 && <p className="muted">The workflow declares none.</p>}
      <ParamForm params={told.params} given={given} wrong={wrong} onGiven={onGiven} />
    </section>
  );
}
