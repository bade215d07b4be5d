import { memo } from "react";
import { clsx, Foreign, format } from "@/design";
import css from "./Rollouts.module.css";
import { legendOf, toneOf, type Colouring, type Token } from "./tokens";

interface BlockProps {
  tokens: Token[] | undefined;
  colouring: Colouring;
  advantage: number | null;
  active: number | undefined;
  from: number | undefined;
  to: number | undefined;
}

export const TokenBlock = memo(function TokenBlock({ tokens, colouring, advantage, active, from, to }: BlockProps) {
  if (!tokens) return <div style={{ blockSize: 200 }} />;
  return tokens.map((token) => (
    <span
      key={token.at}
      data-at={token.at}
      className={clsx(
        css.token,
        css[`t-${toneOf(token, colouring, advantage)}`],
        token.special && css.special,
        token.at === active && css.active,
        from !== undefined && to !== undefined && token.at >= from && token.at <= to && css.linked,
      )}
    >
      <Piece token={token} />
    </span>
  ));
});

function Piece({ token }: { token: Token }) {
  if (token.hex) return <span className={css.hex}>{`<${token.text}>`}</span>;
  if (token.text === "") return <span className={css.hex}>∅</span>;
  const lines = token.text.split("\n");
  return lines.map((line, at) => (
    <span key={at}>
      {at > 0 && <span className={css.hex}>{"⏎\n"}</span>}
      {line !== "" && <Foreign text={line} />}
    </span>
  ));
}

// What stands behind a token, in words.
export function TokenText({ token }: { token: Token }) {
  return (
    <>
      <b>{token.at.toLocaleString("en")}</b> <code><Foreign text={JSON.stringify(token.text)} /></code>{" "}
      <span className="muted">
        id {token.id}
        {token.logprob !== null && ` · log-probability ${format.number(token.logprob)} (p = ${format.number(Math.exp(token.logprob))})`}
        {token.reference !== null && ` · reference ${format.number(token.reference)}`}
        {token.entropy !== null && ` · entropy ${format.number(token.entropy)} nats`}
        {token.counts ? " · counts in the loss" : " · left out of the loss"}
        {token.special && " · special"}
      </span>
    </>
  );
}

export function Legend({ colouring }: { colouring: Colouring }) {
  return (
    <span className={css.legend}>
      {legendOf(colouring).map(({ tone, text }) => (
        <span key={tone}>
          <i className={clsx(css.swatch, css[`t-${tone}`])} /> {text}
        </span>
      ))}
    </span>
  );
}

// The place of the token that an event is about.
export function tokenAt(target: EventTarget): number | undefined {
  const place = (target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset.at;
  return place === undefined ? undefined : Number(place);
}
