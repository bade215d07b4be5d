import { Foreign } from "@/design";
import type { ShownTurn } from "./group";
import css from "./Rollouts.module.css";

// A memory agent, turn by turn: what it was given and what it wrote down.
export function Turns({ turns }: { turns: readonly ShownTurn[] }) {
  return (
    <ol className={css.turns}>
      {turns.map((turn) => (
        <li key={turn.title} className={css.turn}>
          <header className={css.columnHead}>
            <h3>{turn.title}</h3>
            <span className="muted">{turn.facts}</span>
          </header>
          <TurnBody turn={turn} />
        </li>
      ))}
    </ol>
  );
}

export function TurnBody({ turn }: { turn: ShownTurn }) {
  return (
    <>
      {turn.documents.length > 0 && (
        <p>
          <span className="muted">documents </span>
          {turn.documents.map((document) => (
            <code key={document} className={css.chip}>
              <Foreign text={document} />
            </code>
          ))}
        </p>
      )}
      <div className={css.pair}>
        <Memory title="Given" memory={turn.given} plan={turn.givenPlan} />
        {(turn.memory !== undefined || turn.plan !== undefined) && (
          <Memory title={turn.cut ? "Wrote; cut to the memory's size" : "Wrote"} memory={turn.memory} plan={turn.plan} />
        )}
      </div>
    </>
  );
}

function Memory({ title, memory, plan }: { title: string; memory: string | undefined; plan: string | undefined }) {
  return (
    <div className={css.memory}>
      <h4>{title}</h4>
      <p className={css.response}>{memory ? <Foreign text={memory} /> : <span className="muted">an empty memory</span>}</p>
      {plan !== undefined && plan !== "" && (
        <p className={css.response}>
          <span className="muted">plan </span>
          <Foreign text={plan} />
        </p>
      )}
    </div>
  );
}
