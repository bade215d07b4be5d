import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import { boundLeft } from "./left";

function shown(queries: QueryClient, name: string, gcTime = 60_000): () => void {
  return new QueryObserver(queries, { queryKey: [name], queryFn: () => name, gcTime }).subscribe(() => undefined);
}

const settle = () => vi.runAllTimersAsync();
const held = (queries: QueryClient) => queries.getQueryCache().getAll().map(({ queryKey }) => queryKey[0]);

describe("documents that no screen shows", () => {
  afterEach(() => vi.useRealTimers());

  // In order: each is shown and left.
  async function leave(queries: QueryClient, names: string[], gcTime?: number) {
    for (const name of names) {
      const end = shown(queries, name, gcTime);
      await vi.advanceTimersByTimeAsync(10);
      end();
      await vi.advanceTimersByTimeAsync(10);
    }
  }

  function bounded(most: number): QueryClient {
    vi.useFakeTimers();
    const queries = new QueryClient();
    boundLeft(queries, most);
    return queries;
  }

  it("are as many as were left last", async () => {
    const queries = bounded(2);
    await leave(queries, ["a", "b", "c", "b", "d"]);
    expect(held(queries)).toEqual(["b", "d"]);
  });
  it("count only while nobody shows them", async () => {
    const queries = bounded(2);
    await leave(queries, ["a"]);
    shown(queries, "a");
    await leave(queries, ["b", "c"]);
    expect(held(queries)).toEqual(["a", "b", "c"]);
  });
  it("stay where they are to stay for ever, and go where their time is over", async () => {
    const queries = bounded(1);
    await leave(queries, ["part"], Infinity);
    await leave(queries, ["a", "b"]);
    expect(held(queries)).toEqual(["part", "b"]);
    await settle();
    expect(held(queries)).toEqual(["part"]);
  });
});
