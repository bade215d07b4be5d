import type { ReactNode } from "react";
import css from "./Tabs.module.css";

// Views of one thing, each with a URL of its own: links, so that they open in a new tab, too.
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav className={css.tabs} aria-label={label}>
      {children}
    </nav>
  );
}

export const tabClass = css.tab ?? "";
