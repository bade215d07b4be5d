import { describe, expect, it } from "vitest";
import type { ServerEvent } from "./sse";
import { backoff, EventStream, silence, type Link, type StreamWorld } from "./stream";

interface Call {
  url: string;
  headers: Record<string, string>;
  signal: AbortSignal;
  answer: (status: number) => { write: (text: string) => void; close: () => void };
  fail: () => void;
}

// A network and a clock that the test moves.
class World implements StreamWorld {
  calls: Call[] = [];
  time = 1_000;
  timers: { at: number; call: () => void }[] = [];

  fetch = (url: string, init: RequestInit): Promise<Response> =>
    new Promise((resolve, reject) => {
      const signal = init.signal as AbortSignal;
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      this.calls.push({
        url,
        headers: init.headers as Record<string, string>,
        signal,
        fail: () => reject(new TypeError("refused")),
        answer: (status) => {
          let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
          const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
          resolve(new Response(status === 200 ? body : "{}", { status }));
          return {
            write: (text) => controller?.enqueue(new TextEncoder().encode(text)),
            close: () => controller?.close(),
          };
        },
      });
    });
  now = () => this.time;
  random = () => 1;
  setTimer = (call: () => void, ms: number) => {
    const timer = { at: this.time + ms, call };
    this.timers.push(timer);
    return timer;
  };
  clearTimer = (timer: unknown) => void (this.timers = this.timers.filter((other) => other !== timer));

  async pass(ms: number): Promise<void> {
    this.time += ms;
    const due = this.timers.filter((timer) => timer.at <= this.time);
    this.timers = this.timers.filter((timer) => timer.at > this.time);
    for (const timer of due) timer.call();
    await settle();
  }
  get last(): Call {
    const call = this.calls.at(-1);
    if (!call) throw new Error("no call was made");
    return call;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; ++turn) await Promise.resolve();
  await new Promise((done) => setTimeout(done, 0));
}

function setUp() {
  const world = new World();
  const events: ServerEvent[] = [];
  const links: Link[] = [];
  let fresh = 0;
  const stream = new EventStream(
    { onEvent: (event) => events.push(event), onLink: (link) => links.push(link), onFresh: () => void ++fresh },
    world,
  );
  return { world, events, links, stream, fresh: () => fresh };
}

const topic = { run: "r1", topics: ["states"] };

describe("the stream", () => {
  it("tells what comes, and that it is live", async () => {
    const { world, events, links, stream, fresh } = setUp();
    stream.watch(topic);
    world.last.answer(200).write("id: 5\ndata: {}\n\n");
    await settle();
    expect(world.last.url).toBe("/api/v1/events?topics=states&run=r1");
    expect(events).toEqual([{ id: "5", name: "message", data: "{}" }]);
    expect(links.map((link) => link.state)).toEqual(["connecting", "live"]);
    expect(fresh()).toBe(1);
  });

  it("comes back from the last event that it saw", async () => {
    const { world, links, stream, fresh } = setUp();
    stream.watch(topic);
    const first = world.last.answer(200);
    first.write("id: 5\ndata: {}\n\n");
    await settle();
    first.close();
    await settle();
    expect(links.at(-1)).toEqual({ state: "lost", since: 1_000, attempts: 0 });
    await world.pass(500);
    expect(world.calls).toHaveLength(2);
    expect(world.last.headers["Last-Event-ID"]).toBe("5");
    world.last.answer(200);
    await settle();
    expect(links.at(-1)).toEqual({ state: "live" });
    expect(fresh()).toBe(1);
  });

  it("waits longer each time, and says since when it is cut off", async () => {
    const { world, links, stream } = setUp();
    stream.watch(topic);
    for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      world.last.fail();
      await settle();
      const calls = world.calls.length;
      await world.pass(wait - 1);
      expect(world.calls).toHaveLength(calls);
      await world.pass(1);
      expect(world.calls).toHaveLength(calls + 1);
    }
    expect(links.at(-1)).toEqual({ state: "lost", since: 1_000, attempts: 6 });
    expect(backoff(50, 0)).toBe(10_500);
  });

  it("gives a silent connection up", async () => {
    const { world, links, stream } = setUp();
    stream.watch(topic);
    const connection = world.last.answer(200);
    await settle();
    await world.pass(silence - 1);
    connection.write(": ping\n\n");
    await settle();
    await world.pass(silence - 1);
    expect(links.at(-1)?.state).toBe("live");
    await world.pass(1);
    expect(links.at(-1)?.state).toBe("lost");
    expect(world.last.signal.aborted).toBe(true);
  });

  it("begins anew for another run, and hears no more of the one before", async () => {
    const { world, events, stream } = setUp();
    stream.watch(topic);
    const first = world.last.answer(200);
    first.write("id: 5\ndata: a\n\n");
    await settle();
    const signal = world.last.signal;
    stream.watch({ run: "r2", topics: ["states"] });
    expect(signal.aborted).toBe(true);
    expect(world.last.headers["Last-Event-ID"]).toBeUndefined();
    first.write("id: 6\ndata: b\n\n");
    world.last.answer(200).write("id: 9\ndata: c\n\n");
    await settle();
    expect(events.map((event) => event.data)).toEqual(["a", "c"]);
  });

  it("goes on from its place for other topics of the same run", async () => {
    const { world, stream } = setUp();
    stream.watch(topic);
    world.last.answer(200).write("id: 5\ndata: a\n\n");
    await settle();
    stream.watch({ run: "r1", topics: ["states", "events"] });
    expect(world.last.headers["Last-Event-ID"]).toBe("5");
    stream.watch({ run: "r1", topics: ["states", "events"] });
    expect(world.calls).toHaveLength(2);
  });

  it("does not try again where nobody knows who asks", async () => {
    const { world, links, stream } = setUp();
    stream.watch(topic);
    world.last.answer(401);
    await settle();
    expect(links.at(-1)).toEqual({ state: "signed_out" });
    expect(world.timers).toEqual([]);
  });

  it("does not try again for a run that is not there, but hears of the next", async () => {
    const { world, links, stream } = setUp();
    stream.watch(topic);
    world.last.answer(404);
    await settle();
    expect(links.at(-1)).toEqual({ state: "idle" });
    expect(world.timers).toEqual([]);
    stream.watch(topic);
    expect(world.calls).toHaveLength(2);
  });

  it("stops", async () => {
    const { world, links, stream } = setUp();
    stream.watch(topic);
    stream.stop();
    await settle();
    expect(world.timers).toEqual([]);
    expect(links.at(-1)).toEqual({ state: "idle" });
  });
});
