// Gathers what comes in and applies it in one go: at most every `gap` ms, and then within a frame.

export interface Scheduler {
  now: () => number;
  after: (ms: number, call: () => void) => void;
  frame: (call: () => void) => void;
}

const withoutFrames = 1_000;

export const browserScheduler: Scheduler = {
  now: () => performance.now(),
  after: (ms, call) => void setTimeout(call, ms),
  // A hidden tab has no frames, but must not gather without end.
  frame: (call) => {
    const frame = requestAnimationFrame(() => {
      clearTimeout(timer);
      call();
    });
    const timer = setTimeout(() => {
      cancelAnimationFrame(frame);
      call();
    }, withoutFrames);
  },
};

export class Batch<T> {
  #items: T[] = [];
  #waiting = false;
  #last = -Infinity;
  readonly #apply: (items: T[]) => void;
  readonly #gap: number;
  readonly #schedule: Scheduler;

  constructor(apply: (items: T[]) => void, gap = 100, schedule = browserScheduler) {
    this.#apply = apply;
    this.#gap = gap;
    this.#schedule = schedule;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#waiting) return;
    this.#waiting = true;
    const wait = Math.max(0, this.#last + this.#gap - this.#schedule.now());
    const flush = () => this.#schedule.frame(() => this.#flush());
    if (wait > 0) this.#schedule.after(wait, flush);
    else flush();
  }

  clear(): void {
    this.#items = [];
  }

  #flush(): void {
    const items = this.#items;
    this.#items = [];
    this.#waiting = false;
    this.#last = this.#schedule.now();
    if (items.length > 0) this.#apply(items);
  }
}
