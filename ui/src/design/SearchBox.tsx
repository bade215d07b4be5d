import type { InputHTMLAttributes, Ref } from "react";
import { Icon } from "./icons";
import css from "./SearchBox.module.css";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  ref?: Ref<HTMLInputElement>;
}

export function SearchBox({ label, ...rest }: Props) {
  return (
    <div className={css.box} role="search">
      <Icon name="search" />
      <input className={css.input} aria-label={label} title={label} spellCheck={false} autoComplete="off" {...rest} />
    </div>
  );
}
