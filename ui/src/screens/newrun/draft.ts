// What somebody is about to start, kept while the tab is open.
import { useCallback, useEffect, useRef, useState } from "react";
import type { Diagnostic } from "@/api/types";
import type { Given } from "./params";
import type { Submission } from "./queries";

export interface Draft {
  text: string;
  given: Given;
  name: string;
  seed: string;
  origin: { run: string; text: string } | undefined; // the run whose text it began with, and that text
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

export const emptyDraft: Draft = { text: minimal, given: {}, name: "", seed: "", origin: undefined };

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

// Why a text is no seed that a request can carry.
export function wrongSeed(seed: string): string | undefined {
  const text = seed.trim();
  return text === "" || (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) ? undefined : "no whole number below 2^53";
}

// What is asked of the server: what is left empty is the workflow's own.
export function submissionOf(draft: Draft, values: Record<string, unknown>): Submission {
  const seed = draft.seed.trim();
  const name = draft.name.trim();
  return {
    workflow: draft.text,
    ...(Object.keys(values).length > 0 && { params: values }),
    ...(seed !== "" && wrongSeed(seed) === undefined && { seed: Number(seed) }),
    ...(name !== "" && { name }),
    ...(draft.origin && { from_run: draft.origin.run }),
  };
}

// What keeps it from starting, beside the role of who asks.
export function whyNotYet(draft: Draft, wrong: Readonly<Record<string, string>>, diagnostics: readonly Diagnostic[]): string | undefined {
  if (draft.text.trim() === "") return "There is no workflow yet.";
  const errors = diagnostics.filter((found) => found.severity === "error").length;
  if (errors > 0) return `${errors} ${errors === 1 ? "error keeps" : "errors keep"} it from starting.`;
  const [param] = Object.entries(wrong);
  if (param) return `The parameter ${param[0]} is ${param[1]}.`;
  return wrongSeed(draft.seed) && `The seed is ${wrongSeed(draft.seed)}.`;
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
