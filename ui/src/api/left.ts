// Documents that no screen shows any more stay for a while, so that going back shows them at once: for how
// long is the client's `gcTime`, how many is bounded here. Else somebody who looks at run after run would
// hold all of them.
import type { Query, QueryClient } from "@tanstack/react-query";

export const mostLeft = 40; // a run's tabs are about eight

export function boundLeft(queries: QueryClient, most = mostLeft): void {
  const cache = queries.getQueryCache();
  const left = new Set<Query>(); // in the order in which they were left
  const isLeft = (query: Query) => query.getObserversCount() === 0 && query.gcTime !== Infinity;
  // It hears of things a moment later: what was left may be shown again by then.
  cache.subscribe(({ type, query }) => {
    if (type === "observerAdded" || type === "removed") left.delete(query);
    if (type !== "observerRemoved" || !isLeft(query)) return;
    left.delete(query);
    left.add(query);
    for (const oldest of left) {
      if (left.size <= most) break;
      left.delete(oldest);
      if (isLeft(oldest)) cache.remove(oldest);
    }
  });
}
