import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { LineageNode } from "@/api/types";
import { Foreign, format, plain, ScrollRegion } from "@/design";
import { curve, drift, smoothed, type Step, type Training } from "./model";
import css from "./Report.module.css";

interface Measure {
  name: string;
  unit: string;
  value: (step: Step) => number;
}

const measures: Measure[] = [
  { name: "Reward", unit: "", value: (step) => step.reward },
  { name: "Entropy", unit: "nats", value: (step) => step.entropy },
  { name: "Response length", unit: "tokens", value: (step) => step.length },
];
const width = 300;
const height = 96;
const half = 4; // steps of the average that is drawn over the raw values

const rolloutsOf = (from: LineageNode, step?: number) => ({ of: from.task, step_min: step, step_max: step });

// How training went: a curve for each measure, the same in a table; a step leads to its rollouts.
export function Curves({ run, trainings }: { run: string; trainings: readonly Training[] }) {
  return (
    <section className={css.section}>
      <h3>Training</h3>
      <p className="muted">Each step, and over it an average with a half-life of {half} steps. A click on a curve leads to the rollouts of that step.</p>
      {trainings.map((training, at) => (
        <OneTraining key={`${at} ${training.name}`} run={run} training={training} />
      ))}
    </section>
  );
}

function OneTraining({ run, training }: { run: string; training: Training }) {
  const { steps, from, applied, skipped, noSignal } = training;
  return (
    <div className={css.training}>
      <h4>
        {from ? (
          <Link to="/runs/$run/rollouts" params={{ run }} search={rolloutsOf(from)}>
            <Foreign text={training.name} />
          </Link>
        ) : (
          <Foreign text={training.name} />
        )}{" "}
        <span className="muted">
          {steps.length.toLocaleString("en")} steps, {applied.toLocaleString("en")} updates
          {skipped > 0 && `, ${skipped.toLocaleString("en")} skipped`}
          {noSignal > 0 && `, ${noSignal.toLocaleString("en")} without signal`}
        </span>
      </h4>
      <div className={css.curves}>
        {measures.map((measure) => (
          <Curve key={measure.name} run={run} training={training} measure={measure} />
        ))}
      </div>
      <details>
        <summary>Every step as a table</summary>
        <StepTable run={run} training={training} />
      </details>
    </div>
  );
}

function StepTable({ run, training }: { run: string; training: Training }) {
  const { steps, from } = training;
  return (
    <ScrollRegion label={`Steps of ${training.name}`} className={css.steps}>
      <table className={plain.table}>
        <thead>
          <tr>
            <th scope="col">Step</th>
            {measures.map(({ name }) => (
              <th key={name} scope="col" className={plain.end}>
                {name}
              </th>
            ))}
            <th scope="col" className={plain.end}>
              Overlong %
            </th>
            <th scope="col">Update</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step) => (
            <tr key={step.step}>
              <th scope="row">
                {from ? (
                  <Link to="/runs/$run/rollouts" params={{ run }} search={rolloutsOf(from, step.step)}>
                    {step.step}
                  </Link>
                ) : (
                  step.step
                )}
              </th>
              {measures.map(({ name, value }) => (
                <td key={name} className={plain.end}>
                  {format.number(value(step))}
                </td>
              ))}
              <td className={plain.end}>{(step.overlong * 100).toFixed(1)}</td>
              <td>{step.updated ? "yes" : "no"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function Curve({ run, training, measure }: { run: string; training: Training; measure: Measure }) {
  const { steps, from } = training;
  const { name, unit, value } = measure;
  const navigate = useNavigate();
  const [near, setNear] = useState<Step>();
  const raw = useMemo(() => curve(steps.map((step) => [step.step, value(step)] as const), width, height), [steps, value]);
  const average = useMemo(() => {
    const values = smoothed(steps.map(value), half);
    return curve(steps.map((step, at) => [step.step, values[at] ?? NaN] as const), width, height, 4, [raw.low, raw.high]);
  }, [steps, value, raw]);
  const [begin, end] = drift(steps, value);
  const find = (clientX: number, box: DOMRect) => {
    const x = ((clientX - box.left) / box.width) * width;
    return steps.reduce<Step | undefined>((best, step) => (!best || Math.abs(raw.x(step.step) - x) < Math.abs(raw.x(best.step) - x) ? step : best), undefined);
  };
  return (
    <figure className={css.curve}>
      <figcaption>
        <span>
          {name} {unit && <span className="muted">{unit}</span>}
        </span>
        <span className="muted">{near ? `step ${near.step}: ${format.number(value(near))}` : `${format.number(begin)} → ${format.number(end)}`}</span>
      </figcaption>
      <div className={css.drawing}>
        <span className={css.high}>{format.number(raw.high)}</span>
        <span className={css.low}>{format.number(raw.low)}</span>
        {/* The table below says the same, and its steps are links. */}
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="presentation"
          aria-hidden="true"
          data-follows={from !== undefined}
          onPointerMove={(event) => setNear(find(event.clientX, event.currentTarget.getBoundingClientRect()))}
          onPointerLeave={() => setNear(undefined)}
          onClick={(event) => {
            const step = find(event.clientX, event.currentTarget.getBoundingClientRect());
            if (step && from) void navigate({ to: "/runs/$run/rollouts", params: { run }, search: rolloutsOf(from, step.step) });
          }}
        >
          <path d={raw.path} className={css.raw} />
          <path d={average.path} className={css.average} />
          {near && <path d={`M${raw.x(near.step)} 0V${height}`} className={css.hair} />}
        </svg>
      </div>
      <span className={css.scale}>
        <span>step {steps[0]?.step ?? 0}</span>
        <span>{steps.at(-1)?.step ?? 0}</span>
      </span>
    </figure>
  );
}
