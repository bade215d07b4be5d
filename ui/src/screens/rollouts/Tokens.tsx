import { useQueries, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { tokenAtByteQuery, tokensQuery, type TaskPath } from "@/api/reading";
import type { RolloutSearch } from "@/app/readingSearch";
import { Choice } from "../run/Toggle";
import css from "./Rollouts.module.css";
import { Legend, tokenAt, TokenBlock, TokenText } from "./TokenBlock";
import { blockTokens, colouringsOf, pageTokens, rangeOf, rangeText, tokensOf, type Colouring, type Token } from "./tokens";

interface Props {
  task: TaskPath;
  row: number;
  total: number;
  turns: readonly number[];
  advantage: number | null;
  search: RolloutSearch;
  onChange: (next: Partial<RolloutSearch>) => void;
}

// Tokens as they follow each other, coloured. Only blocks in sight exist, and only their pages are read.
// A click or Enter links to a token, with Shift to a range of them; arrows move.
export function Tokens({ task, row, total, turns, advantage, search, onChange }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const colouring: Colouring = search.colour ?? "entropy";
  // Where a search found something, if no tokens are named.
  const found = useQuery(tokenAtByteQuery(task, row, search.tokens === undefined ? search.byte : undefined));
  const chosen = useMemo(() => rangeOf(search.tokens ?? found.data?.toString()), [search.tokens, found.data]);
  const [active, setActive] = useState<number>();
  // The token that stays in sight until somebody moves with the pointer.
  const held = useRef<number>(undefined);
  // Where a link made here begins, until it is the address: that is in sight, and one may have moved on.
  const made = useRef<number>(undefined);
  const blocks = Math.ceil(total / blockTokens);
  const virtual = useVirtualizer({
    count: blocks,
    getScrollElement: () => root.current,
    estimateSize: () => 220,
    overscan: 2,
  });
  const items = virtual.getVirtualItems();
  const first = Math.floor(((items[0]?.index ?? 0) * blockTokens) / pageTokens);
  const last = Math.floor(((items.at(-1)?.index ?? 0) * blockTokens) / pageTokens);
  const pages = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  const answers = useQueries({ queries: pages.map((page) => tokensQuery(task, row, page * pageTokens, pageTokens)) });
  const stamp = answers.map((answer) => answer.dataUpdatedAt).join();
  const tokens = useMemo(() => {
    const all = new Map<number, Token[]>();
    answers.forEach((answer, at) => {
      const found = answer.data ? tokensOf(answer.data) : [];
      for (let from = 0; from < found.length; from += blockTokens)
        all.set(((pages[at] ?? 0) * pageTokens + from) / blockTokens, found.slice(from, from + blockTokens));
    });
    return all;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [stamp, first, last]);
  const error = answers.find((answer) => answer.error)?.error;
  const withReference = answers.some((answer) => answer.data?.reference);

  const show = (at: number, block: ScrollLogicalPosition) => {
    const shown = root.current?.querySelector(`[data-at="${at}"]`);
    if (shown) shown.scrollIntoView({ block });
    else virtual.scrollToIndex(Math.floor(at / blockTokens), { align: "center" });
  };
  const start = chosen?.[0];
  useEffect(() => {
    const here = made.current === start;
    made.current = undefined;
    if (here && start !== undefined) return;
    held.current = start;
    if (start !== undefined) virtual.scrollToIndex(Math.floor(start / blockTokens), { align: "center" });
    // Once for each link.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [start]);
  // Blocks have their height once their tokens are there, and move what is below them.
  const height = virtual.getTotalSize();
  useEffect(() => {
    if (held.current !== undefined) show(held.current, "center");
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [start, tokens, height]);
  const letGo = () => (held.current = undefined);

  const told = active ?? start;
  const token = told === undefined ? undefined : tokens.get(Math.floor(told / blockTokens))?.[told % blockTokens];
  const link = (at: number, wide: boolean) => {
    const range = rangeText(wide && start !== undefined ? start : at, at);
    const begin = rangeOf(range)?.[0];
    if (begin !== start) made.current = begin;
    onChange({ tokens: range });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const here = told ?? 0;
    const moves: Record<string, number> = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: total - 1, PageDown: here + blockTokens, PageUp: here - blockTokens };
    const to = moves[event.key];
    if (to !== undefined) {
      const at = Math.min(Math.max(to, 0), total - 1);
      setActive(at);
      held.current = at;
      show(at, "nearest");
    } else if (event.key === "Enter" && told !== undefined) link(told, event.shiftKey);
    else return;
    event.preventDefault();
  };
  return (
    <section className={css.tokens} aria-label="Tokens">
      <div className={css.tokenBar}>
        <Choice label="Colour" options={colouringsOf(withReference)} value={colouring} onChange={(colour) => onChange({ colour })} />
        <Legend colouring={colouring} />
        <span className="muted">{total.toLocaleString("en")} tokens{turns.length > 1 && ` in ${turns.length} turns`}</span>
      </div>
      <p className={css.told} role="status">
        {token ? <TokenText token={token} /> : <span className="muted">Hover a token, or move with the arrow keys, to read its values.</span>}
      </p>
      {error && <p role="alert">{error.message}</p>}
      {/* Tokens are parts of one widget: arrows move over them. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={root}
        className={css.tokenBox}
        // Known before the blocks are measured, so that those in sight are.
        style={{ blockSize: Math.max(40, height + 24) }}
        role="application"
        aria-label={`${total.toLocaleString("en")} tokens. Arrow keys move, Enter links to a token, with Shift to a range.`}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onKeyDown={onKeyDown}
        onWheel={letGo}
        onPointerDown={letGo}
        onMouseOver={(event) => setActive(tokenAt(event.target))}
        onFocus={() => undefined}
        onMouseLeave={() => setActive(undefined)}
        onClick={(event) => {
          const at = tokenAt(event.target);
          if (at !== undefined) link(at, event.shiftKey);
        }}
      >
        <div style={{ blockSize: height, position: "relative" }}>
          {items.map((item) => (
            <div
              key={item.index}
              ref={virtual.measureElement}
              data-index={item.index}
              className={css.block}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <TokenBlock
                tokens={tokens.get(item.index)}
                colouring={colouring}
                advantage={advantage}
                active={active !== undefined && Math.floor(active / blockTokens) === item.index ? active : undefined}
                from={chosen?.[0]}
                to={chosen?.[1]}
              />
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
