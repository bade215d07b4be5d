import { Fragment, useId, useState, type ReactNode } from "react";
import { clsx } from "./clsx";
import { Icon } from "./icons";
import css from "./Text.module.css";
import { pieces } from "./visible";
import { useToast } from "./Toast";

// Text that a run or a plugin wrote.
export function Foreign({ text }: { text: string }) {
  const parts = pieces(text);
  if (parts.length === 1 && !parts[0]?.odd) return <bdi>{text}</bdi>;
  return (
    <bdi>
      {parts.map((part, at) => (
        <Fragment key={at}>{part.odd ? <span className={css.odd}>{part.text}</span> : part.text}</Fragment>
      ))}
    </bdi>
  );
}

export function useCopy(): (text: string, what: string) => void {
  const toast = useToast();
  return (text, what) => {
    const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    copied.then(
      () => toast({ text: `${what} copied` }),
      () => toast({ text: "This browser lets no page copy here. Select the text and copy it.", failed: true }),
    );
  };
}

// A digest or an id, short; a click copies the whole.
export function Digest({ value, what = "Digest" }: { value: string; what?: string }) {
  const copy = useCopy();
  const bare = value.replace(/^sha256:/, "");
  return (
    <button
      type="button"
      className={css.digest}
      title={`${value} (click to copy)`}
      onClick={() => copy(value, what)}
    >
      {bare.length > 16 ? bare.slice(0, 12) : bare}
      <span className="visually-hidden">, copy the {what.toLowerCase()}</span>
      <Icon name="copy" />
    </button>
  );
}

interface CodeProps {
  text: string;
  label: string;
  numbered?: boolean;
  marked?: number | undefined; // line, from 1
  wrap?: boolean;
}

// Code, messages, files. Scrolls on its own; its label names it.
export function CodeText({ text, label, numbered = false, marked, wrap = false }: CodeProps) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className={clsx(css.code, wrap && css.wrap)} tabIndex={0} role="region" aria-label={label}>
      {lines.map((line, at) => (
        <Fragment key={at}>
          <span className={clsx(css.line, marked === at + 1 && css.marked)}>
            {numbered && (
              <span className={css.number} aria-hidden="true">
                {at + 1}
              </span>
            )}
            <Foreign text={line} />
          </span>
          {at < lines.length - 1 && "\n"}
        </Fragment>
      ))}
    </pre>
  );
}

interface ProgressProps {
  done: number;
  total: number; // 0: unknown
  unit?: string;
  label: string;
}

export function Progress({ done, total, unit = "", label }: ProgressProps) {
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const words = total > 0 ? `${done.toLocaleString("en")} / ${total.toLocaleString("en")}` : done.toLocaleString("en");
  return (
    <div className={css.progress}>
      <span>
        {words} {unit}
      </span>
      {total > 0 && (
        <div
          className={css.track}
          role="progressbar"
          aria-label={label}
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={done}
        >
          <div className={css.done} style={{ inlineSize: `${part * 100}%` }} />
        </div>
      )}
    </div>
  );
}

// A word more about something, on hover and on focus. The content must be focusable.
export function Tooltip({ text, children }: { text: ReactNode; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    // What can be reached is inside; this only listens.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <span
      className={css.tip}
      onMouseEnter={() => setOpen(true)}
      onMouseLeave={() => setOpen(false)}
      onFocus={() => setOpen(true)}
      onBlur={() => setOpen(false)}
      onKeyDown={(event) => event.key === "Escape" && setOpen(false)}
      aria-describedby={open ? id : undefined}
    >
      {children}
      {open && (
        <span role="tooltip" id={id} className={css.bubble}>
          {text}
        </span>
      )}
    </span>
  );
}

// Names and values, one pair a line.
export function Facts({ facts }: { facts: (readonly [string, ReactNode] | false)[] }) {
  return (
    <dl className={css.facts}>
      {facts.map(
        (fact) =>
          fact && (
            <Fragment key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </Fragment>
          ),
      )}
    </dl>
  );
}
