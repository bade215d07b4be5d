import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { RolloutStep } from "@/api/reading";
import { format, useSize } from "@/design";
import css from "./Rollouts.module.css";

interface Props {
  steps: readonly RolloutStep[];
  total: number | undefined;
  from: number | undefined;
  to: number | undefined;
  onSteps: (from: number | undefined, to: number | undefined) => void;
}

const height = 56;
const heat = 10;
const tones = 5;

// Where a reward lies between the smallest and the largest, in as many tones.
export function toneOfReward(value: number | null, low: number, high: number): number {
  if (value === null) return -1;
  return high > low ? Math.min(tones - 1, Math.floor(((value - low) / (high - low)) * tones)) : tones - 1;
}

// Reward over steps: the mean as a line between the smallest and the largest of each step, and below
// it a strip as dark as the mean is high. A click or Enter shows a step's rollouts, arrows move.
export function StepStrip(props: Props) {
  if (props.steps.length === 0) return <div className={css.strip} style={{ minBlockSize: height + heat + 40 }} />;
  return <Drawn {...props} />;
}

function Drawn({ steps, total, from, to, onSteps }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const { width } = useSize(root);
  const [at, setAt] = useState<number>();
  const drawn = useMemo(() => {
    const means = steps.flatMap((step) => step.reward_mean ?? []);
    const low = Math.min(...steps.flatMap((step) => step.reward_min ?? []), 0);
    const high = Math.max(...steps.flatMap((step) => step.reward_max ?? []), 0.0001);
    const y = (value: number) => height - ((value - low) / (high - low || 1)) * (height - 4) - 2;
    const x = (place: number) => ((place + 0.5) / steps.length) * width;
    const point = (place: number, value: number) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`;
    const mean = steps.flatMap((step, place) => (step.reward_mean === null ? [] : [point(place, step.reward_mean)]));
    const top = steps.flatMap((step, place) => (step.reward_max === null ? [] : [point(place, step.reward_max)]));
    const foot = steps.flatMap((step, place) => (step.reward_min === null ? [] : [point(place, step.reward_min)])).reverse();
    return { mean: mean.join(" "), band: [...top, ...foot].join(" "), low: Math.min(...means), high: Math.max(...means) };
  }, [steps, width]);
  const cell = width / steps.length;
  const said = steps[at ?? -1];
  const choose = (place: number) => {
    const step = steps[place];
    if (!step) return;
    if (from === step.step && to === step.last_step) onSteps(undefined, undefined);
    else onSteps(step.step, step.last_step);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = steps.length - 1;
    const here = at ?? -1;
    if (event.key === "ArrowRight") setAt(Math.min(last, here + 1));
    else if (event.key === "ArrowLeft") setAt(Math.max(0, here - 1));
    else if (event.key === "Home") setAt(0);
    else if (event.key === "End") setAt(last);
    else if (event.key === "Enter" && at !== undefined) choose(at);
    else return;
    event.preventDefault();
  };
  const place = (clientX: number) => {
    const box = root.current?.getBoundingClientRect();
    return Math.min(steps.length - 1, Math.max(0, Math.floor((clientX - (box?.left ?? 0)) / cell)));
  };
  const inRange = (step: RolloutStep) => (from === undefined || step.last_step >= from) && (to === undefined || step.step <= to);
  return (
    <div className={css.strip}>
      <div
        ref={root}
        className={css.stripBox}
        role="slider"
        aria-label="Reward over steps"
        aria-valuemin={steps[0]?.step ?? 0}
        aria-valuemax={steps.at(-1)?.last_step ?? 0}
        aria-valuenow={said?.step ?? from ?? steps[0]?.step ?? 0}
        aria-valuetext={said ? stepText(said) : "all steps"}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={(event) => setAt(place(event.clientX))}
        onPointerLeave={() => setAt(undefined)}
        onClick={(event) => choose(place(event.clientX))}
      >
        <svg width={width} height={height + heat} aria-hidden="true">
          <polygon points={drawn.band} className={css.band} />
          <polyline points={drawn.mean} className={css.mean} />
          {steps.map((step, index) => (
            <rect
              key={step.step}
              x={index * cell}
              y={height}
              width={Math.max(0.5, cell - (cell > 4 ? 1 : 0))}
              height={heat}
              className={css[`heat${toneOfReward(step.reward_mean, drawn.low, drawn.high)}`]}
              opacity={inRange(step) ? 1 : 0.25}
            />
          ))}
          {at !== undefined && <rect x={at * cell} y={0} width={Math.max(1, cell)} height={height + heat} className={css.here} />}
        </svg>
      </div>
      <p className={css.stripText}>
        {said ? (
          stepText(said)
        ) : (
          <>
            {total?.toLocaleString("en")} rollouts in steps {steps[0]?.step}–{steps.at(-1)?.last_step}. Line: mean reward; band: smallest to
            largest; strip: darker is higher.
          </>
        )}
      </p>
    </div>
  );
}

function stepText(step: RolloutStep): string {
  const number = (value: number | null) => (value === null ? "–" : format.number(value));
  const name = step.last_step > step.step ? `Steps ${step.step}–${step.last_step}` : `Step ${step.step}`;
  const parts = [
    `${step.count.toLocaleString("en")} rollouts`,
    `reward ${number(step.reward_mean)} (${number(step.reward_min)} to ${number(step.reward_max)})`,
    `${number(step.tokens_mean)} tokens`,
    step.entropy_mean !== null && `entropy ${number(step.entropy_mean)}`,
    step.truncated > 0 && `${step.truncated} truncated`,
    step.dropped > 0 && `${step.dropped} dropped`,
  ];
  return `${name}: ${parts.filter(Boolean).join(", ")}`;
}
