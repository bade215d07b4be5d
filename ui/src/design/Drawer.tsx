import { useEffect, useId, useRef, type ReactNode } from "react";
import { IconButton } from "./Button";
import css from "./Drawer.module.css";

interface DrawerProps {
  title: ReactNode;
  label: string; // what it is about, for those who hear it
  onClose: () => void;
  children: ReactNode;
}

// More about what was chosen, beside the page that it was chosen in. Takes the focus when it opens for
// something else, Escape closes it.
export function Drawer({ title, label, onClose, children }: DrawerProps) {
  const ref = useRef<HTMLElement>(null);
  const id = useId();
  useEffect(() => {
    ref.current?.focus({ preventScroll: true });
  }, [label]);
  return (
    // A key handler for Escape on the landmark; what can be clicked inside are buttons and links.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <aside
      ref={ref}
      className={css.drawer}
      aria-labelledby={id}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) onClose();
      }}
    >
      <header className={css.head}>
        <h2 id={id}>
          <span className="visually-hidden">{label}: </span>
          {title}
        </h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      <div className={css.body}>{children}</div>
    </aside>
  );
}
