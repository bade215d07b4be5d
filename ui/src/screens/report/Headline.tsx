import { Foreign } from "@/design";
import { headline, isClear, percent, points, type Report } from "./model";
import css from "./Report.module.css";

// What came of it all: the last stage against the first.
export function Headline({ report }: { report: Report }) {
  const said = headline(report);
  if (!said) return null;
  const { from, to, difference } = said;
  return (
    <section className={css.headline} aria-label="Result">
      <p className={css.scored}>
        <span>
          <span className="muted">
            <Foreign text={from.name} />
          </span>{" "}
          <b>{percent(from.average?.mean ?? NaN)}</b>
        </span>
        <span aria-hidden="true">→</span>
        <span>
          <span className="muted">
            <Foreign text={to.name} />
          </span>{" "}
          <b>{percent(to.average?.mean ?? NaN)}</b>
        </span>
      </p>
      <p>
        {difference ? (
          <>
            <b>{points(difference.mean)} points</b> on the same {difference.n.toLocaleString("en")} items, 95 % interval {points(difference.low)} to {points(difference.high)}:{" "}
            {isClear(difference) ? (difference.mean > 0 ? "better, more than chance explains." : "worse, more than chance explains.") : "no more than chance explains."}
          </>
        ) : (
          "The average over all held-out items, in percent."
        )}
      </p>
    </section>
  );
}
