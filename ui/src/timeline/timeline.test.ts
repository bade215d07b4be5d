import { describe, expect, it } from "vitest";
import type { Structure, Timeline } from "@/api/types";
import { barAtPoint } from "./hit";
import { columnsOf, concurrency, readTimeline, waitOf } from "./model";
import { foldedScale, foldedWidth, ticks } from "./scale";

const minute = 60_000;
const day = 86_400_000;

function structure(needs: number[][]): Structure {
  return {
    id: "r",
    revision: 0,
    stages: needs.map((from, at) => ({ name: `s${at}`, uses: "noop", description: "", needs: from, tasks: "" as never })),
  };
}

function columns(bars: { stage: number; ready: number; created?: number; started?: number; finished?: number }[]): Timeline {
  return {
    stage: bars.map((bar) => bar.stage),
    task: bars.map(() => 0),
    attempt: bars.map((bar, at) => bars.slice(0, at).filter((other) => other.stage === bar.stage).length + 1),
    ready: bars.map((bar) => bar.ready),
    created: bars.map((bar) => bar.created ?? bar.ready),
    started: bars.map((bar) => bar.started ?? bar.created ?? bar.ready),
    finished: bars.map((bar) => bar.finished ?? 0),
    states: bars.map((bar) => (bar.finished ? "s" : "r")).join(""),
    now: 1000,
  };
}

describe("timeline", () => {
  it("puts the attempts of a task into one row, in the order in which tasks began", () => {
    const model = readTimeline(
      columns([
        { stage: 1, ready: 20, finished: 30 },
        { stage: 0, ready: 1, finished: 10 },
        { stage: 0, ready: 10, created: 15, started: 16, finished: 20 },
      ]),
      structure([[], [0]]),
    );
    expect(model.rows.map((row) => [row.name, row.bars.length])).toEqual([
      ["s0", 2],
      ["s1", 1],
    ]);
    expect([model.from, model.to]).toEqual([1, 30]);
  });
  it("ends what goes on now", () => {
    const [bar] = readTimeline(columns([{ stage: 0, ready: 5 }]), structure([[]])).bars;
    expect(bar).toMatchObject({ finished: 1000, open: true, status: "running" });
  });
  it("finds the chain that the end waited for", () => {
    const model = readTimeline(
      columns([
        { stage: 0, ready: 1, finished: 10 },
        { stage: 1, ready: 2, finished: 50 },
        { stage: 2, ready: 50, finished: 60 },
        { stage: 3, ready: 10, finished: 20 },
      ]),
      structure([[], [], [0, 1], [0]]),
    );
    expect([...model.critical].map((row) => model.rows[row]?.name)).toEqual(["s2", "s1"]);
  });
  it("counts what runs at once", () => {
    const { bars } = readTimeline(
      columns([
        { stage: 0, ready: 1, finished: 10 },
        { stage: 1, ready: 5, finished: 15 },
      ]),
      structure([[], []]),
    );
    expect(concurrency(bars)).toEqual([
      { at: 1, running: 1 },
      { at: 5, running: 2 },
      { at: 10, running: 1 },
      { at: 15, running: 0 },
    ]);
  });
});

describe("scale", () => {
  const bursts = [
    { from: 0, to: 10 * minute },
    { from: 2 * day, to: 2 * day + 10 * minute },
  ];
  it("folds a gap of days into some pixels", () => {
    const scale = foldedScale(bursts, { from: 0, to: 2 * day + 10 * minute }, 1028);
    expect(scale.pieces.map((piece) => piece.folded)).toEqual([false, true, false]);
    expect(scale.x(10 * minute)).toBeCloseTo(500);
    expect(scale.x(2 * day)).toBeCloseTo(500 + foldedWidth);
  });
  it("leads back from pixels to time", () => {
    const scale = foldedScale(bursts, { from: 0, to: 2 * day + 10 * minute }, 1028);
    for (const time of [0, minute, 10 * minute, day, 2 * day + minute]) expect(scale.time(scale.x(time))).toBeCloseTo(time, -1);
  });
  it("folds nothing where something always goes on", () => {
    expect(foldedScale([{ from: 0, to: day }], { from: 0, to: day }, 500).pieces).toHaveLength(1);
  });
  it("keeps hundreds of gaps in the room that there is", () => {
    const busy = Array.from({ length: 300 }, (_, at) => ({ from: at * day, to: at * day + minute }));
    const scale = foldedScale(busy, { from: 0, to: 299 * day + minute }, 1000);
    expect(scale.x(299 * day + minute)).toBeCloseTo(1000);
  });
  it("marks round times that are not too near", () => {
    const scale = foldedScale([{ from: 0, to: 10 * minute }], { from: 0, to: 10 * minute }, 1000);
    expect(ticks(scale, 0, 80).map((tick) => tick.at / minute)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

describe("a click", () => {
  it("finds a bar of 1 ms in five days", () => {
    const model = readTimeline(
      columns([
        { stage: 0, ready: 1, finished: 5 * day },
        { stage: 1, ready: 2 * day, finished: 2 * day + 1 },
      ]),
      structure([[], []]),
    );
    const scale = foldedScale(
      model.bars.map((bar) => ({ from: bar.ready, to: bar.finished })),
      { from: 0, to: 5 * day },
      1000,
    );
    const [row] = model.rows.filter((one) => one.name === "s1");
    for (const off of [-11, 0, 11]) expect(barAtPoint(row, scale, scale.x(2 * day) + off)?.started).toBe(2 * day);
    expect(barAtPoint(row, scale, scale.x(2 * day) + 40)).toBeUndefined();
  });
});

// 2,000 tasks of five attempts each: bursts of minutes, days between them, most of a millisecond.
function bursts() {
  const bars: Parameters<typeof columns>[0] = [];
  const tasks: number[] = [];
  const attempts: number[] = [];
  for (let task = 0; task < 2_000; ++task)
    for (let attempt = 0; attempt < 5; ++attempt) {
      const begin = attempt * 1.25 * day + task * 150;
      const before = bars.at(-1)?.finished ?? 0;
      bars.push({ stage: 0, ready: attempt === 0 ? 0 : before, created: begin, started: begin + 2, finished: begin + 3 });
      tasks.push(task);
      attempts.push(attempt + 1);
    }
  const model = readTimeline({ ...columns(bars.slice(0, 1)), stage: bars.map(() => 0), task: tasks, attempt: attempts,
    ready: bars.map((bar) => bar.ready), created: bars.map((bar) => bar.created ?? 0), started: bars.map((bar) => bar.started ?? 0),
    finished: bars.map((bar) => bar.finished ?? 0), states: "s".repeat(bars.length), now: 6 * day }, structure([[]]));
  return model;
}

describe("10,000 attempts in bursts over five days", () => {
  const model = bursts();
  const busy = model.bars.map((bar) => ({ from: bar.created, to: bar.finished }));
  const scale = foldedScale(busy, { from: model.from, to: model.to }, 1000);
  it("are a row for each task, and days without work are folded", () => {
    expect(model.rows).toHaveLength(2_000);
    expect(model.bars).toHaveLength(10_000);
    expect(scale.pieces.filter((piece) => piece.folded)).toHaveLength(4);
    // Each burst of five minutes has a fifth of what is left.
    for (const piece of scale.pieces) if (!piece.folded) expect(piece.width).toBeGreaterThan(150);
  });
  it("can each be clicked, though each took a millisecond", () => {
    for (const row of model.rows) {
      for (const bar of row.bars) {
        const at = scale.x(bar.started) + 0.5;
        expect(barAtPoint(row, scale, at)).toBe(bar);
        for (const off of [-11, 11]) expect(barAtPoint(row, scale, at + off)).toBeDefined();
      }
    }
  });
  it("wait for their retries from the second attempt on", () => {
    expect(model.rows[7]?.bars.map(waitOf)).toEqual(["queued", "backoff", "backoff", "backoff", "backoff"]);
  });
  it("cost as many columns to draw as there are pixels", () => {
    const strip = columnsOf(concurrency(model.bars), scale.x, scale.width);
    expect(strip).toHaveLength(1001);
    expect(Math.max(...strip)).toBe(1);
  });
});

describe("the strip", () => {
  it("shows the most that ran in each pixel, also for a moment", () => {
    const steps = [
      { at: 0, running: 1 },
      { at: 50, running: 9 },
      { at: 50.1, running: 2 },
      { at: 100, running: 0 },
    ];
    const strip = columnsOf(steps, (time) => time / 10, 10);
    expect([...strip]).toEqual([1, 1, 1, 1, 1, 9, 2, 2, 2, 2, 2]);
  });
});
