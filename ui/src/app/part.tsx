// Screens that are loaded when they are first shown. Where the server is away then, that is told like any
// other request that failed, and the screen comes as soon as the server is back.
import { useQuery } from "@tanstack/react-query";
import { createElement, useState, type ComponentType, type ReactElement } from "react";
import { problemText, Unreachable } from "@/api/problem";
import { Loading, ProblemBox } from "@/design";

// A server of another build has no such file any more: the page is loaded anew, once in a while.
async function anew(error: unknown): Promise<never> {
  const answers = await fetch("/healthz", { cache: "no-store" }).then(({ ok }) => ok, () => false);
  if (!answers) throw new Unreachable();
  const key = "cairn.reloaded";
  const before = Number(sessionStorage.getItem(key) ?? 0);
  if (Date.now() - before < 60_000) throw error;
  sessionStorage.setItem(key, String(Date.now()));
  location.reload();
  return new Promise<never>(() => undefined);
}

const Nothing = () => null;

// `name`: of the component that the module exports. What a module holds is not looked at by its type: it
// depends on the routes, which depend on this.
export function part(module: () => Promise<object>, name: string): (() => ReactElement) & { preload: () => Promise<void> } {
  const load = async () => ((await module()) as Record<string, ComponentType>)[name];
  let early: ComponentType | undefined;

  function Late() {
    const query = useQuery({
      queryKey: ["part", name],
      queryFn: async () => (await load().catch(anew)) ?? Nothing,
      structuralSharing: false,
      staleTime: Infinity,
      gcTime: Infinity,
    });
    if (query.data) return createElement(query.data);
    if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
    return <Loading what="the screen" />;
  }

  // One of the two for as long as it is shown: what somebody typed is not thrown away.
  function Part() {
    const [shown] = useState(() => early ?? Late);
    return createElement(shown);
  }
  // The router waits for it, and leaves what was there before in sight meanwhile.
  Part.preload = () =>
    load().then(
      (found) => void (early = found),
      () => undefined,
    );
  return Part;
}
