import { Foreign } from "@/design";
import css from "./Actions.module.css";
import type { DiffLine } from "./derive";

// What is changed, as lines of YAML. The signs are text: they are read, and copied along.
export function ParamDiff({ lines }: { lines: readonly DiffLine[] }) {
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={css.diff} tabIndex={0} role="region" aria-label="Changed parameters">
      {lines.map(({ sign, text }, at) => {
        const Line = sign === "-" ? "del" : sign === "+" ? "ins" : "span";
        return (
          <Line key={at} className={css.line}>
            {sign} <Foreign text={text} />
            {"\n"}
          </Line>
        );
      })}
    </pre>
  );
}
