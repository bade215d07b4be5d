// The typed client of /api/v1. Every answer that is no success is thrown: ApiProblem or Unreachable.
import createClient, { type Middleware } from "openapi-fetch";
import { ApiProblem, problemOf, Unreachable } from "./problem";
import type { paths } from "./schema";

type Listener = () => void;
const signedOutListeners = new Set<Listener>();

// Calls back when the server no longer knows who asks.
export function onSignedOut(listener: Listener): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export function tellSignedOut(): void {
  for (const listener of signedOutListeners) listener();
}

// A key by which the server knows a request that is sent again. Works where crypto.randomUUID does
// not: on plain HTTP behind another name than localhost.
export function requestKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const safe = new Set(["GET", "HEAD", "OPTIONS"]);

export const guard: Middleware = {
  onRequest({ request }) {
    if (safe.has(request.method)) return undefined;
    request.headers.set("X-Cairn-Page", "1");
    if (!request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", requestKey());
    return request;
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok || response.status === 304) return undefined;
    const problem = await problemOf(response);
    if (response.status === 401 && !schemaPath.startsWith("/api/v1/session")) tellSignedOut();
    throw problem;
  },
  onError({ error }) {
    if (error instanceof ApiProblem || (error instanceof DOMException && error.name === "AbortError")) return undefined;
    return new Unreachable();
  },
};

export const client = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "" : location.origin,
  credentials: "same-origin",
  // As it stands when a request is made, so that tests can put another in its place.
  fetch: (request) => globalThis.fetch(request),
});
client.use(guard);

// The document of an answer.
export async function document<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  return data as T;
}
