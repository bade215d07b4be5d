import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { Batch, type Scheduler } from "./batch";
import { foldEvents, Live } from "./live";
import { planKey, runKey, runsKey, runsQuery, statesQuery } from "./queries";
import { foldRuns } from "./runList";
import { readStates, type RunStates } from "./states";
import type { RunRow, RunsChanged, States } from "./types";

function row(id: string, status: RunRow["status"] = "running"): RunRow {
  const stages = { total: 1, succeeded: 0, by_status: {} };
  const times = { created_at: "2026-11-26T18:16:25Z", started_at: null, finished_at: null };
  return { id, name: "n", status, ...times, stages, labels: {} };
}

const pages = (...ids: string[]) => ({ pages: [{ runs: ids.map((id) => row(id)) }], pageParams: [""] });
const changed = (runs: RunRow[], deleted: string[] = []): RunsChanged => ({ runs, deleted });

describe("the list of runs", () => {
  it("takes a row that changed and keeps all others as they are", () => {
    const before = pages("c", "b", "a");
    const after = foldRuns(before, {}, [changed([row("b", "failed")])]);
    expect(after.pages[0]?.runs.map((run) => run.status)).toEqual(["running", "failed", "running"]);
    expect(after.pages[0]?.runs[0]).toBe(before.pages[0]?.runs[0]);
  });
  it("begins with a new run", () => {
    expect(foldRuns(pages("b", "a"), {}, [changed([row("c")])]).pages[0]?.runs.map((run) => run.id)).toEqual(["c", "b", "a"]);
  });
  it("leaves out what does not match, or no longer", () => {
    const after = foldRuns(pages("b", "a"), { status: "running" }, [changed([row("c", "failed"), row("b", "failed")])]);
    expect(after.pages[0]?.runs.map((run) => run.id)).toEqual(["a"]);
  });
  it("forgets what was deleted", () => {
    expect(foldRuns(pages("b", "a"), {}, [changed([], ["b"])]).pages[0]?.runs.map((run) => run.id)).toEqual(["a"]);
  });
  it("does not take an old run that stands on a page further down", () => {
    const before = { pages: [{ runs: [row("z")], next_cursor: "more" }], pageParams: [""] };
    expect(foldRuns(before, {}, [changed([row("a", "failed")])])).toBe(before);
  });
  it("takes the last of several changes", () => {
    const after = foldRuns(pages("a"), {}, [changed([row("a", "failed")]), changed([row("a", "succeeded")])]);
    expect(after.pages[0]?.runs[0]?.status).toBe("succeeded");
  });
});

const states: States = {
  id: "r",
  sequence: 10,
  revision: 0,
  status: "running",
  started_at: null,
  finished_at: null,
  tasks: { total: 2, succeeded: 0, by_status: {} },
  stages: "rp",
  task_states: {},
};

function delta(sequence: number, stages: [number, string][]) {
  return { ...states, run: "r", sequence, stages, task_states: [] };
}

function live() {
  // Nothing is asked of a network here.
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  const queries = new QueryClient();
  const made = new Live(queries);
  made.watch({ run: "r", topics: ["states"] });
  const key = statesQuery("r").queryKey;
  queries.setQueryData(key, readStates(states));
  const tell = (...items: object[]) =>
    made.apply(items.map((item, at) => ({ id: String(at), name: "update", data: JSON.stringify(item) })));
  return { queries, made, tell, now: () => queries.getQueryData<RunStates>(key) };
}

describe("what the stream says", () => {
  it("goes into the states of the run", () => {
    const { tell, now } = live();
    tell({ sequence: 11, states: delta(11, [[0, "s"]]) }, { sequence: 12, states: delta(12, [[1, "r"]]) });
    expect(now()?.stages.map((stage) => stage.status)).toEqual(["succeeded", "running"]);
    expect(now()?.sequence).toBe(12);
  });
  it("is not doubled by a connection that tells it again", () => {
    const { tell, now } = live();
    tell({ sequence: 11, states: delta(11, [[0, "f"]]) }, { sequence: 12, states: delta(12, [[0, "r"]]) });
    const before = now();
    tell({ sequence: 11, states: delta(11, [[0, "f"]]) });
    expect(now()).toBe(before);
  });
  it("takes a whole state instead of what was known", () => {
    const { tell, now } = live();
    tell({ sequence: 30, snapshot: { ...states, sequence: 30, stages: "sr" } }, { sequence: 31, states: delta(31, [[1, "s"]]) });
    expect(now()?.stages.map((stage) => stage.status)).toEqual(["succeeded", "succeeded"]);
  });
  it("does not fall back to an older whole state", () => {
    const { tell, now } = live();
    tell({ sequence: 9, snapshot: { ...states, sequence: 9, stages: "pp" } });
    expect(now()?.stages[0]?.status).toBe("running");
  });
  it("asks for everything anew after a reset", () => {
    const { tell, queries } = live();
    queries.setQueryData(runsQuery({}).queryKey, pages("a"));
    tell({ sequence: 40, reset: "too slow" });
    expect(queries.getQueryState(runsQuery({}).queryKey)?.isInvalidated).toBe(true);
    expect(queries.getQueryState(statesQuery("r").queryKey)?.isInvalidated).toBe(true);
  });
  it("asks for the run anew where it has another revision", () => {
    const { tell, queries } = live();
    tell({ sequence: 11, states: { ...delta(11, []), revision: 1 } });
    expect(queries.getQueryState(statesQuery("r").queryKey)?.isInvalidated).toBe(true);
  });
  it("goes into each list of runs by its filter", () => {
    const { tell, queries } = live();
    queries.setQueryData(runsQuery({}).queryKey, pages("a"));
    queries.setQueryData(runsQuery({ status: "failed" }).queryKey, pages());
    tell({ sequence: 11, runs: changed([row("b", "failed")]) });
    const ids = queries.getQueriesData<{ pages: { runs: RunRow[] }[] }>({ queryKey: runsKey });
    expect(ids.map(([, data]) => data?.pages[0]?.runs.map((run) => run.id))).toEqual([["b", "a"], ["b"]]);
  });
  it("that is no JSON is left out", () => {
    const { made, now } = live();
    made.apply([{ id: "1", name: "update", data: "<html>" }]);
    expect(now()?.sequence).toBe(10);
  });
});

// Answers come when the test says so.
describe("what is told while a document is read", () => {
  const event = (sequence: number) => ({ sequence, time: "", run: "r", type: "t" });

  async function reading<T>(key: readonly unknown[], infinite: boolean) {
    const queries = new QueryClient();
    const made = new Live(queries);
    made.watch({ run: "r", topics: ["runs"] });
    let answer: (data: T) => void = () => undefined;
    const queryFn = () => new Promise<T>((resolve) => (answer = resolve));
    const options = { queryKey: key, queryFn, structuralSharing: false } as const;
    const read = infinite
      ? queries.fetchInfiniteQuery({ ...options, initialPageParam: "" })
      : queries.fetchQuery(options);
    await Promise.resolve();
    const tell = (item: object) => made.apply([{ id: "", name: "update", data: JSON.stringify(item) }]);
    const answered = async (data: T) => {
      answer(data);
      await read;
      await new Promise((done) => setTimeout(done));
      made.stop();
      return queries.getQueryData(key);
    };
    return { tell, answered, queries };
  }

  it("is not undone by states that are older", async () => {
    const { tell, answered } = await reading<RunStates>(statesQuery("r").queryKey, false);
    tell({ sequence: 12, snapshot: { ...states, sequence: 12, stages: "sr" } });
    tell({ sequence: 13, states: delta(13, [[1, "s"]]) });
    const after = (await answered(readStates(states))) as RunStates;
    expect([after.sequence, ...after.stages.map((stage) => stage.status)]).toEqual([13, "succeeded", "succeeded"]);
  });
  it("stays in order where more comes as the answer does", async () => {
    const { tell, answered } = await reading<RunStates>(statesQuery("r").queryKey, false);
    tell({ sequence: 11, states: delta(11, [[0, "s"]]) });
    const answer = answered(readStates(states));
    tell({ sequence: 12, states: delta(12, [[0, "f"]]) });
    expect(((await answer) as RunStates).stages[0]?.status).toBe("failed");
  });
  it("is not undone by a list that is older", async () => {
    const { tell, answered } = await reading([...runsKey, {}], true);
    tell({ sequence: 12, runs: changed([row("b"), row("a", "succeeded")]) });
    const after = (await answered({ runs: [row("a")] })) as ReturnType<typeof pages>;
    expect(after.pages[0]?.runs.map((run) => [run.id, run.status])).toEqual([["b", "running"], ["a", "succeeded"]]);
  });
  it("follows the first page of events, though that was not there yet", async () => {
    const { tell, answered } = await reading([...runKey("r"), "events"], true);
    tell({ sequence: 3, events: [event(2), event(3)] });
    const after = (await answered({ events: [event(1), event(2)], next: 2 })) as { pages: { events: object[] }[] };
    expect(after.pages[0]?.events).toEqual([event(1), event(2), event(3)]);
  });
  it("makes plans be asked for again once a run has ended", async () => {
    vi.useFakeTimers();
    const { tell, queries } = live();
    let reads = 0;
    const end = new QueryObserver(queries, { queryKey: [...planKey, "workflow"], queryFn: () => ++reads }).subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    tell({ runs: changed([row("a")]) });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(reads).toBe(1);
    for (const id of ["a", "b"]) tell({ runs: changed([{ ...row(id, "succeeded"), finished_at: "2026-11-26T18:20:00Z" }]) });
    await vi.advanceTimersByTimeAsync(2_000);
    end();
    vi.useRealTimers();
    expect(reads).toBe(2);
  });
  it("makes a document be read once more that was being read", async () => {
    vi.useFakeTimers();
    const { tell, queries } = await reading<RunStates>(["other"], false);
    let reads = 0;
    const queryFn = () => new Promise((done) => setTimeout(() => done(++reads), 1_500));
    const end = new QueryObserver(queries, { queryKey: [...runKey("r"), "head"], queryFn }).subscribe(() => undefined);
    queries.setQueryData(statesQuery("r").queryKey, readStates(states));
    tell({ sequence: 11, states: delta(11, [[0, "s"]]) });
    await vi.advanceTimersByTimeAsync(10_000);
    end();
    vi.useRealTimers();
    expect(reads).toBe(2);
  });
});

describe("events", () => {
  const event = (sequence: number) => ({ sequence, time: "", run: "r", type: "t" });
  const before = { pages: [{ events: [event(1), event(2)], next: 2 }], pageParams: [0] };
  it("come behind those that are there, none twice", () => {
    const after = foldEvents(before, [event(2), event(3)]);
    expect(after.pages[0]?.events.map((made) => made.sequence)).toEqual([1, 2, 3]);
    expect(foldEvents(after, [event(3)])).toBe(after);
  });
  it("wait where a page is still to be read", () => {
    const full = { pages: [{ events: Array.from({ length: 1000 }, (_, at) => event(at)), next: 999 }], pageParams: [0] };
    expect(foldEvents(full, [event(5000)])).toBe(full);
  });
  it("fill a page up to the end of a record, and leave the rest for the next page", () => {
    const nearly = { pages: [{ events: Array.from({ length: 999 }, (_, at) => event(at)), next: 998 }], pageParams: [0] };
    const after = foldEvents(nearly, [event(1000), event(1000), event(1001)]);
    expect(after.pages[0]?.events.map((made) => made.sequence).slice(-3)).toEqual([998, 1000, 1000]);
    expect(after.pages[0]?.next).toBe(1000);
  });
  it("have a place of their own", () => expect(runKey("r")).toEqual(["live", "run", "r"]));
});

describe("a batch", () => {
  it("applies at most ten times a second, and everything in order", () => {
    let time = 0;
    const waiting: { at: number; call: () => void }[] = [];
    const schedule: Scheduler = {
      now: () => time,
      after: (ms, call) => void waiting.push({ at: time + ms, call }),
      frame: (call) => void waiting.push({ at: time + 16, call }),
    };
    const applied: number[][] = [];
    const batch = new Batch<number>((items) => applied.push(items), 100, schedule);
    for (time = 0; time < 1_000; ++time) {
      batch.add(time);
      for (const due of waiting.filter((one) => one.at <= time)) {
        waiting.splice(waiting.indexOf(due), 1);
        due.call();
      }
    }
    expect(applied.length).toBeLessThanOrEqual(10);
    expect(applied.flat()).toEqual(Array.from({ length: applied.flat().length }, (_, at) => at));
  });
});
