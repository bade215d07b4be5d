import { useCallback, useSyncExternalStore } from "react";

// One clock for each period, however many look at it.
class Ticker {
  now = Date.now();
  readonly #period: number;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(period: number) {
    this.#period = period;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined && this.#period > 0) {
      this.now = Date.now();
      this.#timer = setInterval(() => this.#tick(), this.#period);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #tick(): void {
    this.now = Date.now();
    for (const listener of this.#listeners) listener();
  }
}

const tickers = new Map<number, Ticker>();

function tickerOf(period: number): Ticker {
  const known = tickers.get(period) ?? new Ticker(period);
  tickers.set(period, known);
  return known;
}

// The time now, renewed every `period` ms; with 0 it stands still.
export function useNow(period: number): number {
  const subscribe = useCallback((listener: () => void) => tickerOf(period).subscribe(listener), [period]);
  return useSyncExternalStore(subscribe, () => tickerOf(period).now);
}
