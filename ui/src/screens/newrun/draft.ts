// What somebody is about to start, kept while the tab is open.
import { useCallback, useEffect, useRef, useState } from "react";
import type { Given } from "./declared";

export interface Draft {
  text: string;
  given: Given;
  name: string;
  seed: string;
}

const place = "cairn.draft";

export const minimal = `cairn: 1
name: hello
params:
  who: {type: string, default: world, description: Whom to greet}
stages:
  greet:
    uses: shell
    with:
      run: 'echo "hello $WHO" | tee greeting.txt'
      env: {WHO: "\${params.who}"}
      outputs: {greeting: greeting.txt}
`;

export const emptyDraft: Draft = { text: minimal, given: {}, name: "", seed: "" };

export function readDraft(storage: Pick<Storage, "getItem">): Draft {
  try {
    const found: unknown = JSON.parse(storage.getItem(place) ?? "null");
    if (typeof found === "object" && found !== null && "text" in found && typeof found.text === "string")
      return { ...emptyDraft, ...(found as Partial<Draft>) };
  } catch {
    // Nothing that this page wrote.
  }
  return emptyDraft;
}

export function useDraft(): [Draft, (change: Partial<Draft>) => void] {
  const [draft, setDraft] = useState(() => readDraft(sessionStorage));
  useEffect(() => {
    try {
      sessionStorage.setItem(place, JSON.stringify(draft));
    } catch {
      // No room: the draft lives as long as the page.
    }
  }, [draft]);
  return [draft, useCallback((change) => setDraft((before) => ({ ...before, ...change })), [])];
}

// A value once it has stood still for a while.
export function useStill<T>(value: T, ms: number): T {
  const [still, setStill] = useState(value);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = setTimeout(() => setStill(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return still;
}
