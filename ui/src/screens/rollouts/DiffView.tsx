import { useMemo } from "react";
import type { RolloutBody } from "@/api/reading";
import { Foreign, IconButton } from "@/design";
import { diff } from "./diff";
import css from "./Rollouts.module.css";

// Two responses as one text: what the left has alone is struck through, what the right has is underlined.
export function DiffView({ left, right, onClose }: { left: RolloutBody; right: RolloutBody; onClose: () => void }) {
  const parts = useMemo(() => diff(left.response ?? "", right.response ?? ""), [left, right]);
  const same = parts.every((part) => part.side === "both");
  return (
    <section className={css.diff} aria-label="Difference">
      <header className={css.columnHead}>
        <h3>
          Rollout {left.index} against {right.index}
        </h3>
        <IconButton icon="close" label="Close the comparison" onClick={onClose} />
      </header>
      {same && <p className="muted">Both responses are the same, character by character.</p>}
      <p className={css.response}>
        {parts.map((part, at) =>
          part.side === "both" ? (
            <Foreign key={at} text={part.text} />
          ) : part.side === "left" ? (
            <del key={at}>
              <Foreign text={part.text} />
            </del>
          ) : (
            <ins key={at}>
              <Foreign text={part.text} />
            </ins>
          ),
        )}
      </p>
    </section>
  );
}
