// The one connection of a tab on which the server says what happens. Comes back by itself, from the
// last event it saw; says so while it cannot.
import { problemOf } from "./problem";
import { EventParser, type ServerEvent } from "./sse";

export interface Topic {
  run: string; // empty: all runs only
  topics: readonly string[];
}

export type Link =
  | { state: "idle" }
  | { state: "connecting" }
  | { state: "live" }
  // Nothing came for a while, or the connection broke: what is shown may be old.
  | { state: "lost"; since: number; attempts: number }
  | { state: "signed_out" };

export interface StreamWorld {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  now: () => number;
  setTimer: (call: () => void, ms: number) => unknown;
  clearTimer: (timer: unknown) => void;
  random: () => number; // in [0, 1)
}

export const browserWorld: StreamWorld = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  setTimer: (call, ms) => setTimeout(call, ms),
  clearTimer: (timer) => clearTimeout(timer as number),
  random: () => Math.random(),
};

export interface StreamListener {
  onEvent: (event: ServerEvent) => void;
  onLink: (link: Link) => void;
  // A connection stands that began without a place to go on from: documents that were read before
  // may lack something.
  onFresh: () => void;
}

// The server pings every 15 s.
export const silence = 40_000;
const longestWait = 15_000;

export function backoff(attempts: number, random: number): number {
  return Math.min(longestWait, 500 * 2 ** Math.min(attempts, 8)) * (0.7 + 0.3 * random);
}

export class EventStream {
  readonly #world: StreamWorld;
  readonly #listener: StreamListener;
  #topic: Topic | undefined;
  #last = ""; // id of the last event; empty: none yet
  #attempts = 0;
  #lostSince = 0;
  #round = 0; // of connections; an older one's news count no more
  #abort: AbortController | undefined;
  #timer: unknown;

  constructor(listener: StreamListener, world = browserWorld) {
    this.#listener = listener;
    this.#world = world;
  }

  // What to hear about from now on.
  watch(topic: Topic): void {
    const same = this.#topic && topic.run === this.#topic.run;
    if (same && topic.topics.join() === this.#topic?.topics.join()) return;
    if (!same) this.#last = "";
    this.#topic = topic;
    this.#attempts = 0;
    this.#lostSince = 0;
    this.#connect();
  }

  // At once instead of at the end of the wait: the network is back, somebody signed in.
  retryNow(): void {
    if (!this.#topic) return;
    this.#attempts = 0;
    this.#connect();
  }

  stop(): void {
    this.#topic = undefined;
    this.#last = "";
    this.#drop();
    this.#listener.onLink({ state: "idle" });
  }

  #drop(): void {
    ++this.#round;
    this.#abort?.abort();
    this.#world.clearTimer(this.#timer);
  }

  #connect(): void {
    this.#drop();
    const round = this.#round;
    if (this.#lostSince === 0) this.#listener.onLink({ state: "connecting" });
    void this.#read(round).then(
      () => this.#lost(round, undefined),
      (error: unknown) => this.#lost(round, error),
    );
    this.#watchdog(round);
  }

  #watchdog(round: number): void {
    this.#world.clearTimer(this.#timer);
    this.#timer = this.#world.setTimer(() => this.#lost(round, undefined), silence);
  }

  async #read(round: number): Promise<void> {
    const topic = this.#topic;
    if (!topic) return;
    this.#abort = new AbortController();
    const query = new URLSearchParams({ topics: topic.topics.join(",") });
    if (topic.run) query.set("run", topic.run);
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (this.#last !== "") headers["Last-Event-ID"] = this.#last;
    const response = await this.#world.fetch(`/api/v1/events?${query.toString()}`, {
      headers,
      cache: "no-store",
      credentials: "same-origin",
      signal: this.#abort.signal,
    });
    if (!response.ok || !response.body) throw await problemOf(response);
    if (round !== this.#round) return;
    const fresh = this.#last === "";
    this.#attempts = 0;
    this.#lostSince = 0;
    this.#listener.onLink({ state: "live" });
    if (fresh) this.#listener.onFresh();
    await this.#events(round, response.body);
  }

  async #events(round: number, body: ReadableStream<Uint8Array>): Promise<void> {
    const parser = new EventParser(this.#last);
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (round !== this.#round) return void reader.cancel();
      if (done) return;
      this.#watchdog(round);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        this.#last = event.id;
        this.#listener.onEvent(event);
      }
    }
  }

  #lost(round: number, error: unknown): void {
    if (round !== this.#round || !this.#topic) return;
    this.#drop();
    const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
    if (status === 401) {
      this.#listener.onLink({ state: "signed_out" });
      return;
    }
    if (status === 404) {
      // What it should tell of is not there: to try again brings nothing.
      this.#topic = undefined;
      this.#listener.onLink({ state: "idle" });
      return;
    }
    if (this.#lostSince === 0) this.#lostSince = this.#world.now();
    this.#listener.onLink({ state: "lost", since: this.#lostSince, attempts: this.#attempts });
    const wait = backoff(this.#attempts++, this.#world.random());
    this.#timer = this.#world.setTimer(() => this.#connect(), wait);
  }
}
