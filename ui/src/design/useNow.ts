import { useCallback, useSyncExternalStore } from "react";

interface Ticker {
  now: number;
  listeners: Set<() => void>;
  timer: ReturnType<typeof setInterval> | undefined;
}

// One clock for each period, however many look at it.
const tickers = new Map<number, Ticker>();

function tickerOf(period: number): Ticker {
  let ticker = tickers.get(period);
  if (!ticker) tickers.set(period, (ticker = { now: Date.now(), listeners: new Set(), timer: undefined }));
  return ticker;
}

function tick(ticker: Ticker): void {
  ticker.now = Date.now();
  for (const listener of ticker.listeners) listener();
}

// The time now, renewed every `period` ms; with 0 it stands still.
export function useNow(period: number): number {
  const ticker = tickerOf(period);
  const subscribe = useCallback(
    (listener: () => void) => {
      if (period <= 0) return () => undefined;
      ticker.listeners.add(listener);
      if (ticker.timer === undefined) {
        ticker.now = Date.now();
        ticker.timer = setInterval(() => tick(ticker), period);
      }
      return () => {
        ticker.listeners.delete(listener);
        if (ticker.listeners.size > 0) return;
        clearInterval(ticker.timer);
        ticker.timer = undefined;
      };
    },
    [ticker, period],
  );
  return useSyncExternalStore(subscribe, () => ticker.now);
}
