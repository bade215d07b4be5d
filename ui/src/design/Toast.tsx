import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from "react";
import { IconButton } from "./Button";
import { clsx } from "./clsx";
import css from "./Toast.module.css";

interface ToastText {
  text: ReactNode;
  failed?: boolean;
}
type Show = (toast: ToastText) => void;

const ToastContext = createContext<Show>(() => undefined);

// Says in a corner what came of an action. Failures stay until they are closed.
export function useToast(): Show {
  return useContext(ToastContext);
}

const shownFor = 6000;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(ToastText & { id: number })[]>([]);
  const next = useRef(0);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback<Show>(
    (toast) => {
      const id = next.current++;
      setToasts((all) => [...all.slice(-3), { ...toast, id }]);
      if (!toast.failed) setTimeout(() => drop(id), shownFor);
    },
    [drop],
  );
  const list = useMemo(
    () => (
      <div className={css.toasts} role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={clsx(css.toast, toast.failed && css.failed)}>
            <div className={css.text}>{toast.text}</div>
            <IconButton icon="close" label="Dismiss" onClick={() => drop(toast.id)} />
          </div>
        ))}
      </div>
    ),
    [toasts, drop],
  );
  return (
    <ToastContext value={show}>
      {children}
      {list}
    </ToastContext>
  );
}
