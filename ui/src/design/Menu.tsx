import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "./Button";
import { clsx } from "./clsx";
import { Icon } from "./icons";
import css from "./Menu.module.css";

export interface MenuItem {
  id: string;
  label: string;
  // Why it cannot be chosen now; shown below it.
  disabled?: string | undefined;
  danger?: boolean;
  choose: () => void;
}

// A button that opens a list of actions. Arrows, Home, End and first letters move, Escape closes.
export function Menu({ label, items }: { label: string; items: MenuItem[] }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    entries(root.current)[0]?.focus();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries(root.current);
    const at = all.findIndex((entry) => entry === document.activeElement);
    const to = moved(event.key, at, all.map((entry) => entry.textContent));
    if (event.key === "Escape") close();
    else if (to === undefined) return;
    else all[to]?.focus();
    event.preventDefault();
  };

  return (
    <span className={css.anchor} ref={root}>
      <Button ref={button} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        {label}
        <Icon name="down" />
      </Button>
      {open && (
        <div className={css.menu} role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
          {items.map((item) => (
            <button
              key={item.id}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={clsx(css.item, item.danger && !item.disabled && css.danger)}
              aria-disabled={item.disabled !== undefined}
              onClick={() => {
                if (item.disabled !== undefined) return;
                close();
                item.choose();
              }}
            >
              <span>
                {item.label}
                {item.disabled && <span className={css.why}>{item.disabled}</span>}
              </span>
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

function entries(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
}

// The place that a key leads to in a list of entries, or undefined where the key means nothing.
export function moved(key: string, at: number, labels: readonly (string | null)[]): number | undefined {
  const last = labels.length - 1;
  if (key === "ArrowDown") return at >= last ? 0 : at + 1;
  if (key === "ArrowUp") return at <= 0 ? last : at - 1;
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key.length !== 1 || key === " ") return undefined;
  for (let step = 1; step <= labels.length; ++step) {
    const to = (at + step) % labels.length;
    if (labels[to]?.toLowerCase().startsWith(key.toLowerCase())) return to;
  }
  return undefined;
}
