import { useEffect, useId, useRef, type ReactNode } from "react";
import { IconButton } from "./Button";
import { clsx } from "./clsx";
import css from "./Dialog.module.css";

interface DialogProps {
  title: string;
  wide?: boolean; // for what has long lines
  onClose: () => void;
  children: ReactNode;
}

// A question in front of the page. The browser's own modal dialog: focus begins at the first thing to fill
// in or to press and stays inside, Escape closes, focus goes back to where it was. Shown as long as it is
// rendered.
export function Dialog({ title, wide = false, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) {
      dialog.showModal();
      dialog.querySelector<HTMLElement>(`:scope > .${css.body} :is(input, select, textarea, button):enabled`)?.focus();
    }
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={clsx(css.dialog, wide && css.wide)}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className={css.head}>
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      <div className={css.body}>{children}</div>
    </dialog>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className={css.foot}>{children}</div>;
}
