import { describe, expect, it } from "vitest";
import type { Structure, Timeline } from "@/api/types";
import { barAtPoint } from "./hit";
import { concurrency, readTimeline } from "./model";
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
