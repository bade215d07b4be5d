import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
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

interface PopupMenuProps {
  label: string;
  items: MenuItem[];
  at: DOMRect; // of what it belongs to
  onClose: () => void; // also when something was chosen
}

// A list of actions beside something that is no button of its own, such as a row of a table. It lies over
// everything, whatever clips the row.
export function PopupMenu({ label, items, at, onClose }: PopupMenuProps) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const menu = root.current;
    if (!menu) return;
    menu.showPopover?.();
    const { innerWidth: width, innerHeight: height } = window;
    const below = at.bottom + 4;
    menu.style.insetInlineStart = `${Math.max(4, Math.min(at.right, width - 4) - menu.offsetWidth)}px`;
    menu.style.insetBlockStart = `${below + menu.offsetHeight > height ? Math.max(4, at.top - 4 - menu.offsetHeight) : below}px`;
    entries(menu)[0]?.focus();
  }, [at]);
  useEffect(() => {
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("scroll", outside, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("scroll", outside, true);
    };
  }, [onClose]);
  return (
    <div ref={root} className={clsx(css.menu, css.popup)} popover="manual">
      <MenuList label={label} items={items} onClose={onClose} />
    </div>
  );
}

function MenuList({ label, items, onClose }: { label: string; items: MenuItem[]; onClose: () => void }) {
  const root = useRef<HTMLDivElement>(null);
  // An entry that goes takes the focus along: keys must still reach the list.
  useLayoutEffect(() => {
    if (document.activeElement === document.body) root.current?.focus();
  }, [items]);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries(root.current);
    const at = all.findIndex((entry) => entry === document.activeElement);
    const to = moved(event.key, at, all.map((entry) => entry.textContent));
    if (event.key === "Escape" || event.key === "Tab") onClose();
    else if (to === undefined) return;
    else all[to]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={root} role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
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
            onClose();
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
  );
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
  return (
    <span className={css.anchor} ref={root}>
      <Button ref={button} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        {label}
        <Icon name="down" />
      </Button>
      {open && (
        <div className={css.menu}>
          <MenuList label={label} items={items} onClose={close} />
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
