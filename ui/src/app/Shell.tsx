import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "@/design";
import icon from "./cairn.svg";
import { ConnectionBadge } from "./ConnectionBadge";
import { useKey } from "./keys";
import { KeyHelp } from "./KeyHelp";
import { useWatchAll } from "./live";
import { pages } from "./pages";
import css from "./Shell.module.css";
import { setTheme, useTheme, type Theme } from "./theme";
import { titleOf } from "./title";

const nextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

// What stands around every screen.
export function Shell() {
  const main = useRef<HTMLElement>(null);
  const [help, setHelp] = useState(false);
  const theme = useTheme();
  useKey("?", "This help", () => setHelp(true));
  const path = useRouterState({ select: (state) => state.location.pathname });
  useFocusOnPage(main, path);
  useWatchAll(!path.startsWith("/runs"));
  useEffect(() => void (document.title = titleOf(path)), [path]);
  return (
    <div className={css.shell}>
      <button type="button" className={css.skip} onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header className={css.bar}>
        <Link to="/runs" className={css.home} aria-label="Cairn, all runs">
          <img src={icon} alt="" width="20" height="20" />
          <span className={css.word}>Cairn</span>
        </Link>
        <nav className={css.nav} aria-label="Pages">
          {pages.map((page) => (
            <Link key={page.to} to={page.to} className={css.link}>
              {page.label}
            </Link>
          ))}
        </nav>
        <ConnectionBadge />
        <IconButton icon="theme" label={`Theme: ${theme}`} onClick={() => setTheme(nextTheme[theme])} />
        <IconButton icon="help" label="Keys" onClick={() => setHelp(true)} />
      </header>
      {pages.map((page) => (
        <PageKey key={page.to} to={page.to} keys={page.keys} label={page.label} />
      ))}
      <main id="main" className={css.main} ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

function PageKey({ to, keys, label }: { to: string; keys: string; label: string }) {
  const navigate = useNavigate();
  useKey(keys, label, () => void navigate({ to }));
  return null;
}

// A new page begins at its content for those who use the keyboard or a screen reader.
function useFocusOnPage(main: React.RefObject<HTMLElement | null>, path: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && document.activeElement === document.body) main.current?.focus();
    first.current = false;
  }, [path, main]);
}
