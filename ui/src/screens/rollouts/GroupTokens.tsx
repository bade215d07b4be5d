import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { tokensQuery, type RolloutBody, type TaskPath } from "@/api/reading";
import { useSeen } from "@/design";
import css from "./Rollouts.module.css";
import { tokenAt, TokenBlock } from "./TokenBlock";
import { tokensOf, type Colouring, type Token } from "./tokens";

const most = 1_024; // of a column; more are with the rollout

interface Props {
  task: TaskPath;
  body: RolloutBody;
  colouring: Colouring;
  onToken: (token: Token | undefined) => void;
}

// A column's tokens, coloured as those of the rollout alone.
export function GroupTokens({ task, body, colouring, onToken }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const seen = useSeen(root);
  const { data, error } = useQuery({ ...tokensQuery(task, body.row, 0, most), enabled: seen });
  const tokens = useMemo(() => (data ? tokensOf(data) : undefined), [data]);
  const left = (data?.total ?? 0) - (tokens?.length ?? 0);
  return (
    // It scrolls, so the keyboard reaches it; what a token is stands in its rollout for the keyboard, too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={root}
      className={css.columnTokens}
      role="group"
      aria-label={`Tokens of rollout ${body.index}`}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onMouseOver={(event) => onToken(tokens?.[tokenAt(event.target) ?? -1])}
      onFocus={() => undefined}
      onMouseLeave={() => onToken(undefined)}
    >
      {error && <p role="alert">{error.message}</p>}
      <TokenBlock tokens={tokens} colouring={colouring} advantage={body.advantage} active={undefined} from={undefined} to={undefined} />
      {left > 0 && (
        <Link
          to="/runs/$run/rollouts/$row"
          params={{ run: task.run, row: String(body.row) }}
          search={{ of: task.stage, view: "tokens", colour: colouring, tokens: String(most) }}
        >
          {left.toLocaleString("en")} more tokens
        </Link>
      )}
    </div>
  );
}
