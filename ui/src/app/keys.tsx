// Keys that act on the page: single ones, and two in a row such as "g r". They are off while somebody
// types, and each stands in the help that "?" opens.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, type ReactNode } from "react";

export interface Command {
  keys: string; // "/", "?", "g r"
  label: string;
  run: () => void;
}

interface Registry {
  add: (command: Command) => () => void;
  list: () => Command[];
}

const KeyContext = createContext<Registry | undefined>(undefined);
const pauseMs = 1200;

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

// The command that the keys name, or whether more keys may come.
export function matchKeys(pressed: string, commands: readonly { keys: string }[]): number | "more" | "none" {
  const found = commands.findLastIndex((command) => command.keys === pressed);
  if (found >= 0) return found;
  return commands.some((command) => command.keys.startsWith(`${pressed} `)) ? "more" : "none";
}

export function KeyProvider({ children }: { children: ReactNode }) {
  const commands = useRef<Command[]>([]);
  const registry = useMemo<Registry>(
    () => ({
      add: (command) => {
        commands.current.push(command);
        return () => void (commands.current = commands.current.filter((other) => other !== command));
      },
      list: () => commands.current,
    }),
    [],
  );
  useEffect(() => {
    let before = "";
    let at = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (document.querySelector("dialog[open]") || event.key.length !== 1) return;
      if (event.timeStamp - at > pauseMs) before = "";
      at = event.timeStamp;
      let pressed = before ? `${before} ${event.key}` : event.key;
      let match = matchKeys(pressed, commands.current);
      if (match === "none" && before) match = matchKeys((pressed = event.key), commands.current);
      before = match === "more" ? pressed : "";
      if (typeof match !== "number") return;
      event.preventDefault();
      commands.current[match]?.run();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return <KeyContext value={registry}>{children}</KeyContext>;
}

// While the component is shown.
export function useKey(keys: string, label: string, run: () => void): void {
  const registry = useContext(KeyContext);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => registry?.add({ keys, label, run: () => latest.current() }), [registry, keys, label]);
}

export function useCommands(): () => Command[] {
  const registry = useContext(KeyContext);
  return useCallback(() => registry?.list() ?? [], [registry]);
}
