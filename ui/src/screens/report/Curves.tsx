import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Foreign, format } from "@/design";
import { writeAt } from "../artifacts/place";
import { curve, drift, type Step, type Training } from "./model";
import css from "./Report.module.css";

const measures: [string, string, (step: Step) => number][] = [
  ["Reward", "", (step) => step.reward],
  ["Entropy", "nats", (step) => step.entropy],
  ["Length", "tokens", (step) => step.length],
];
const width = 260;
const height = 72;

// How training went: a curve for each measure, the same in a table; a step leads to its rollouts.
export function Curves({ run, trainings }: { run: string; trainings: readonly Training[] }) {
  return (
    <section className={css.section}>
      <h3>Training</h3>
      {trainings.map((training) => (
        <OneTraining key={training.name} run={run} training={training} />
      ))}
    </section>
  );
}

function OneTraining({ run, training }: { run: string; training: Training }) {
  const { steps, from } = training;
  return (
    <div className={css.training}>
      <h4>
        {from ? (
          <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt(from), file: "rollouts.jsonl" }}>
            <Foreign text={training.name} />
          </Link>
        ) : (
          <Foreign text={training.name} />
        )}{" "}
        <span className="muted">
          {steps.length.toLocaleString("en")} steps, {training.applied.toLocaleString("en")} updates
        </span>
      </h4>
      <div className={css.curves}>
        {measures.map(([name, unit, value]) => (
          <Curve key={name} run={run} training={training} name={name} unit={unit} value={value} />
        ))}
      </div>
      <details>
        <summary>Every step as a table</summary>
        {/* A region that scrolls can be reached with the keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className={css.steps} tabIndex={0} role="region" aria-label={`Steps of ${training.name}`}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Step</th>
                {measures.map(([name]) => (
                  <th key={name} scope="col" className={css.end}>
                    {name}
                  </th>
                ))}
                <th scope="col" className={css.end}>
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
                      <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt(from), file: "rollouts.jsonl", where: [`step=${step.step}`] }}>
                        {step.step}
                      </Link>
                    ) : (
                      step.step
                    )}
                  </th>
                  {measures.map(([name, , value]) => (
                    <td key={name} className={css.end}>
                      {format.number(value(step))}
                    </td>
                  ))}
                  <td className={css.end}>{(step.overlong * 100).toFixed(1)}</td>
                  <td>{step.updated ? "yes" : "no"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </div>
  );
}

interface CurveProps {
  run: string;
  training: Training;
  name: string;
  unit: string;
  value: (step: Step) => number;
}

function Curve({ run, training, name, unit, value }: CurveProps) {
  const { steps, from } = training;
  const navigate = useNavigate();
  const [near, setNear] = useState<Step>();
  const line = curve(steps.map((step) => [step.step, value(step)] as const), width, height);
  const [begin, end] = drift(steps, value);
  const find = (clientX: number, box: DOMRect) => {
    const x = ((clientX - box.left) / box.width) * width;
    return steps.reduce<Step | undefined>((best, step) => (!best || Math.abs(line.x(step.step) - x) < Math.abs(line.x(best.step) - x) ? step : best), undefined);
  };
  return (
    <figure className={css.curve}>
      <figcaption>
        <b>{name}</b>{" "}
        <span className="muted">
          {near ? `step ${near.step}: ${format.number(value(near))} ${unit}` : `${format.number(begin)} → ${format.number(end)} ${unit}`}
        </span>
      </figcaption>
      {/* The table below says the same, and its steps are links. */}
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="presentation"
        aria-hidden="true"
        onPointerMove={(event) => setNear(find(event.clientX, event.currentTarget.getBoundingClientRect()))}
        onPointerLeave={() => setNear(undefined)}
        onClick={(event) => {
          const step = find(event.clientX, event.currentTarget.getBoundingClientRect());
          if (step && from)
            void navigate({ to: "/runs/$run/artifacts", params: { run }, search: { at: writeAt(from), file: "rollouts.jsonl", where: [`step=${step.step}`] } });
        }}
      >
        <path d={line.path} fill="none" stroke="var(--accent)" strokeWidth="1.5" strokeLinejoin="round" />
        {near && Number.isFinite(value(near)) && <circle cx={line.x(near.step)} cy={line.y(value(near))} r="3.5" fill="var(--accent)" />}
      </svg>
      <span className={css.scale}>
        <span>{format.number(line.low)}</span>
        <span>{format.number(line.high)}</span>
      </span>
    </figure>
  );
}
