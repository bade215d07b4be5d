// Brings the stream's events into react-query's documents, in batches, and asks for documents anew
// where the stream cannot say what changed.
import type { InfiniteData, Query, QueryClient, QueryFilters } from "@tanstack/react-query";
import { Batch } from "./batch";
import { eventsOfAPage, eventsQuery, liveKey, planKey, runKey, runsKey, statesQuery } from "./queries";
import type { RunFilter } from "./runFilter";
import { foldRuns, type RunPages } from "./runList";
import type { ServerEvent } from "./sse";
import { adopt, foldProgress, foldStates, stale, type RunStates } from "./states";
import { EventStream, type Link, type Topic } from "./stream";
import { tellSignedOut } from "./client";
import type { JournalEvent, RunsChanged, StreamItem } from "./types";

const pollEvery = 5_000;
// Documents that the stream does not carry are read again while a run moves: soon where they are
// small, seldom where they are long.
const renewals: [string[], number][] = [
  [["head", "get", "stage", "explain"], 1_000],
  [["tasks", "timeline"], 4_000],
];

const mostRows = 400;

interface EventPage {
  events: JournalEvent[];
  next: number;
}

export class Live {
  readonly #queries: QueryClient;
  readonly #stream: EventStream;
  readonly #batch = new Batch<ServerEvent>((events) => this.apply(events));
  readonly #listeners = new Set<() => void>();
  readonly #renewing = new Set<string>();
  // What came while a document was being read, whose answer may be older than that.
  readonly #meanwhile = new Map<Query, Item[]>();
  #link: Link = { state: "idle" };
  #run = ""; // that the stream tells of
  #poll: ReturnType<typeof setInterval> | undefined;

  constructor(queries: QueryClient) {
    this.#queries = queries;
    this.#stream = new EventStream({
      onEvent: (event) => this.#batch.add(event),
      // A run tells its whole state then; rows of the list may have been missed.
      onFresh: () => void this.#queries.invalidateQueries({ queryKey: runsKey }),
      onLink: (link) => this.#setLink(link),
    });
    queries.getQueryCache().subscribe(({ type, query }) => {
      if (type === "updated") this.#settle(query);
      if (type === "removed") this.#meanwhile.delete(query);
    });
  }

  get link(): Link {
    return this.#link;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  watch(topic: Topic): void {
    if (topic.run !== this.#run) this.#batch.clear();
    this.#run = topic.run;
    this.#stream.watch(topic);
  }

  retryNow(): void {
    this.#stream.retryNow();
  }

  stop(): void {
    this.#stream.stop();
    this.#batch.clear();
  }

  // In the order in which they came. Public for tests.
  apply(events: readonly ServerEvent[]): void {
    const items = events.flatMap((event) => itemOf(event) ?? []);
    if (items.some((item) => item.reset !== undefined)) this.#renewAll();
    const cache = this.#queries.getQueryCache();
    const documents = cache.findAll({ queryKey: runsKey });
    if (this.#run !== "") documents.push(...cache.findAll({ queryKey: runKey(this.#run), predicate: isFolded }));
    for (const document of documents) this.#tell(document, items);
    // What a run has made, another can take over.
    if (items.some(({ runs }) => runs?.runs?.some((row) => row.finished_at !== null))) this.#renew("plans", { queryKey: planKey }, 1_000);
  }

  #tell(document: Query, items: Item[]): void {
    const held = this.#meanwhile.get(document);
    const reads = document.state.fetchStatus === "fetching";
    if (held) held.push(...items);
    else if (reads) this.#meanwhile.set(document, [...items]);
    if (held && !reads) this.#settle(document);
    else this.#fold(document, items);
  }

  // The answer has come, or none will: what was told meanwhile counts on top of it.
  #settle(document: Query): void {
    const items = this.#meanwhile.get(document);
    if (!items || document.state.fetchStatus === "fetching") return;
    this.#meanwhile.delete(document);
    this.#fold(document, items);
  }

  #fold({ queryKey }: Query, items: Item[]): void {
    const runs = items.flatMap((item) => item.runs ?? []);
    if (queryKey[1] === "runs") {
      if (runs.length > 0) this.#foldRuns(queryKey, runs);
      return;
    }
    if (queryKey[2] !== this.#run) return;
    if (queryKey[3] === "states") this.#foldStates(this.#run, items);
    const made = items.flatMap((item) => item.events ?? []);
    if (queryKey[3] === "events" && made.length > 0) this.#foldEvents(this.#run, made);
  }

  #foldRuns(key: readonly unknown[], changes: RunsChanged[]): void {
    const data = this.#queries.getQueryData<RunPages>(key);
    if (!data) return;
    const after = foldRuns(data, key[2] as RunFilter, changes);
    this.#queries.setQueryData(key, after);
    // A tab that is open for days does not gather every run since.
    if ((after.pages[0]?.runs.length ?? 0) > mostRows) void this.#queries.invalidateQueries({ queryKey: key });
  }

  #foldStates(run: string, items: readonly Item[]): void {
    const key = statesQuery(run).queryKey;
    const before = this.#queries.getQueryData(key);
    const after = foldItems(before, items);
    if (after === stale) {
      void this.#queries.invalidateQueries({ queryKey: runKey(run) });
      return;
    }
    if (!after || after === before) return;
    this.#queries.setQueryData(key, after);
    if (before && after.sequence !== before.sequence) this.#renewSoon(run);
  }

  #foldEvents(run: string, made: JournalEvent[]): void {
    this.#queries.setQueryData<InfiniteData<EventPage, number>>(eventsQuery(run).queryKey, (before) => before && foldEvents(before, made));
  }

  #renewSoon(run: string): void {
    for (const [kinds, wait] of renewals) {
      this.#renew(`${run}/${kinds[0]}`, { queryKey: runKey(run), predicate: ({ queryKey }) => kinds.includes(String(queryKey[3])) }, wait);
    }
  }

  #renew(name: string, found: QueryFilters, wait: number): void {
    if (this.#renewing.has(name)) return;
    this.#renewing.add(name);
    setTimeout(() => {
      this.#renewing.delete(name);
      // One that is being read may be answered with what was before: it is read once more, but is not
      // cancelled, so that it comes to an end however long it takes.
      const reads = this.#queries.isFetching(found) > 0;
      void this.#queries.invalidateQueries(found, { cancelRefetch: false });
      if (reads) this.#renew(name, found, wait);
    }, wait);
  }

  #renewAll(): void {
    void this.#queries.invalidateQueries({ queryKey: liveKey });
  }

  #setLink(link: Link): void {
    const back = link.state === "live" && this.#link.state === "lost";
    this.#link = link;
    // What could not be read meanwhile can be now.
    if (back) void this.#queries.invalidateQueries({ predicate: ({ state }) => state.status === "error" });
    if (link.state === "signed_out") tellSignedOut();
    const poll = link.state === "lost" && link.attempts >= 2;
    if (poll) this.#poll ??= setInterval(() => this.#renewAll(), pollEvery);
    else if (link.state === "live" || link.state === "idle") {
      clearInterval(this.#poll);
      this.#poll = undefined;
    }
    for (const listener of this.#listeners) listener();
  }
}

type Item = Partial<StreamItem>;

const isFolded = ({ queryKey }: Query) => queryKey[3] === "states" || queryKey[3] === "events";

function itemOf(event: ServerEvent): Item | undefined {
  try {
    const data: unknown = JSON.parse(event.data);
    return typeof data === "object" && data !== null ? data : undefined;
  } catch {
    return undefined; // not ours: a proxy's
  }
}

export function foldItems(before: RunStates | undefined, items: readonly Item[]): RunStates | typeof stale | undefined {
  let states = before;
  for (const item of items) {
    if (item.snapshot && item.snapshot.sequence >= (states?.sequence ?? 0)) states = adopt(states, item.snapshot);
    if (!states) continue;
    if (item.states) {
      const next = foldStates(states, [item.states]);
      if (next === stale) return stale;
      states = next;
    }
    if (item.progress) states = foldProgress(states, item.progress);
  }
  return states;
}

// New events behind the last page, once it is the last there is. Nothing twice. A page that is full is
// followed by another, which is read once somebody wants to see it.
export function foldEvents<Param>(before: InfiniteData<EventPage, Param>, made: readonly JournalEvent[]): InfiniteData<EventPage, Param> {
  const last = before.pages.at(-1);
  if (!last || last.events.length >= eventsOfAPage) return before;
  const known = last.events.at(-1)?.sequence ?? last.next;
  const news = made.filter((event) => event.sequence > known);
  if (news.length === 0) return before;
  const events = [...last.events];
  for (const event of news) {
    if (events.length >= eventsOfAPage && event.sequence !== events.at(-1)?.sequence) break;
    events.push(event);
  }
  const page = { ...last, events, next: events.at(-1)?.sequence ?? last.next };
  return { ...before, pages: [...before.pages.slice(0, -1), page] };
}
