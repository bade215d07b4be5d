import type { RolloutBody } from "@/api/reading";
import { Foreign, format } from "@/design";
import { notesOf } from "./group";
import css from "./Rollouts.module.css";

// Reward and advantage with a sign in words, shape and colour.
export function Scores({ body }: { body: RolloutBody }) {
  const { advantage } = body;
  const notes = notesOf({ ...body, turns: 1 });
  const sign = advantage === null || advantage === 0 ? "zero" : advantage > 0 ? "up" : "down";
  return (
    <dl className={css.scores}>
      <div>
        <dt>reward</dt>
        <dd>{body.reward === null ? "–" : format.number(body.reward)}</dd>
      </div>
      <div>
        <dt>advantage</dt>
        <dd className={css[sign]}>
          {sign === "up" ? "▲ " : sign === "down" ? "▼ " : ""}
          {advantage === null ? "–" : format.number(advantage)}
        </dd>
      </div>
      <div>
        <dt>tokens</dt>
        <dd>{body.tokens.toLocaleString("en")}</dd>
      </div>
      {body.entropy !== null && (
        <div>
          <dt>entropy</dt>
          <dd>{format.number(body.entropy)}</dd>
        </div>
      )}
      {notes.length > 0 && (
        <div>
          <dt>notes</dt>
          <dd>{notes.join(", ")}</dd>
        </div>
      )}
      {body.answer !== null && (
        <div>
          <dt>answer</dt>
          <dd>
            <Foreign text={body.answer} />
          </dd>
        </div>
      )}
    </dl>
  );
}
