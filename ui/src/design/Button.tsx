import type { ButtonHTMLAttributes, Ref } from "react";
import css from "./Button.module.css";
import { clsx } from "./clsx";
import { Icon, type IconName } from "./icons";

type Kind = "normal" | "primary" | "danger" | "plain";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: Kind;
  ref?: Ref<HTMLButtonElement>;
}

export function buttonClass(kind: Kind = "normal"): string {
  return clsx(css.button, kind !== "normal" && css[kind]);
}

export function Button({ kind = "normal", className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={clsx(buttonClass(kind), className)} {...rest} />;
}

// A button that shows an icon alone; the label is its name and its tooltip.
export function IconButton({ icon, label, ...rest }: ButtonProps & { icon: IconName; label: string }) {
  return (
    <Button kind="plain" className={css.icon} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </Button>
  );
}
