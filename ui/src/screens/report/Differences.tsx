import { Link } from "@tanstack/react-router";
import { clsx, Foreign, plain, ScrollRegion } from "@/design";
import { isClear, points, type Difference, type Report } from "./model";
import { evenAxis, type Axis } from "./plot";
import css from "./Report.module.css";
import { scoresOf } from "./Scores";
import { AxisNumbers, Whisker } from "./Whisker";

// What each stage changed, on the same items; what leaves out 0 is more than chance explains.
export function Differences({ run, report }: { run: string; report: Report }) {
  const first = report.evaluations[0]?.name ?? "the first";
  const last = report.evaluations.at(-1)?.name ?? "the last";
  const groups: [string, Difference[]][] = [
    ["Each stage against the one before", report.fromPrevious],
    [`Each stage against ${first}`, report.fromFirst],
    [`${last} against ${first}, by task`, report.byTask],
  ];
  const shown = groups.filter(([, all]) => all.length > 0);
  if (shown.length === 0) return null;
  // Of single tasks intervals are wider: they have an axis of their own.
  const axis = (tasks: boolean) => evenAxis(shown.flatMap(([, all]) => all.filter((one) => (one.task !== "") === tasks).flatMap(({ low, high, mean }) => [low, high, mean])));
  const axes = { all: axis(false), tasks: axis(true) };
  return (
    <section className={css.section}>
      <h3>Differences</h3>
      <p className="muted">Percentage points on the same items, with the 95 % interval of the paired difference. Filled and marked clear: the interval leaves out 0.</p>
      <div className={css.groups}>
        {shown.map(([title, all]) => (
          <ScrollRegion key={title} label={title} className={plain.wide}>
            <Group run={run} report={report} title={title} all={all} axis={all[0]?.task ? axes.tasks : axes.all} />
          </ScrollRegion>
        ))}
      </div>
    </section>
  );
}

function Group({ run, report, title, all, axis }: { run: string; report: Report; title: string; all: Difference[]; axis: Axis }) {
  return (
    <table className={clsx(plain.table, css.differences)}>
      <caption>
        <Foreign text={title} />
      </caption>
      <thead>
        <tr>
          <th scope="col">{all[0]?.task ? "Task" : "Stage"}</th>
          <th scope="col" className={plain.end}>
            Points
          </th>
          <th scope="col">
            <AxisNumbers axis={axis} label="Drawn" difference />
          </th>
          <th scope="col" className={plain.end}>
            95 % interval
          </th>
        </tr>
      </thead>
      <tbody>
        {all.map((one) => {
          const from = report.evaluations.find((evaluation) => evaluation.name === one.to)?.from;
          return (
            <tr key={`${one.from} ${one.to} ${one.task}`}>
              <th scope="row">
                <Foreign text={one.task ? one.task.replaceAll("_", " ") : one.to} />
              </th>
              <td className={plain.end} title={`${one.n.toLocaleString("en")} items, ${one.to} against ${one.from}`}>
                {from ? (
                  <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: scoresOf(from), where: one.task ? [`task=${one.task}`] : undefined }}>
                    {points(one.mean)}
                  </Link>
                ) : (
                  points(one.mean)
                )}
              </td>
              <td className={css.drawn}>
                <Whisker score={one} axis={axis} difference />
              </td>
              <td className={clsx(plain.end, css.nowrap)}>
                {points(one.low)} to {points(one.high)}
                {isClear(one) && <b className={css.clear}>clear</b>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
