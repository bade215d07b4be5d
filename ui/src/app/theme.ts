// Light, dark, or as the system says. Kept in this browser.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
const key = "cairn.theme";
const listeners = new Set<() => void>();

function read(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // storage is off
  }
}

let theme: Theme = read();

export function setTheme(next: Theme): void {
  theme = next;
  try {
    localStorage.setItem(key, next);
  } catch {
    // Storage is off: it holds for this tab.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

export function applyTheme(): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function subscribe(listener: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");
  listeners.add(listener);
  dark.addEventListener("change", listener);
  contrast.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    dark.removeEventListener("change", listener);
    contrast.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}

// Changes whenever colours do: what is drawn on canvas follows it.
export function usePaint(): string {
  return useSyncExternalStore(
    subscribe,
    () =>
      `${theme} ${matchMedia("(prefers-color-scheme: dark)").matches} ${matchMedia("(prefers-contrast: more)").matches}`,
  );
}
