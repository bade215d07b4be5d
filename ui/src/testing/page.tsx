// The whole page over answers that a test gives.
import { render } from "@testing-library/react";
import { vi } from "vitest";
import { newQueryClient } from "@/api/queries";
import { App } from "@/app/App";
import { makeRouter } from "@/app/router";

export type Answers = Record<string, unknown>;

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

export interface ShownPage {
  asked: Asked[];
  // Says something on the stream.
  tell: (item: object) => void;
}

// Shows the page at a place such as "/runs?status=failed". `answers`: by "/runs" or "POST /runs/r/pause",
// below /api/v1; a Response stands for itself, everything else is a document. What is not there is 404.
export function showPage(place: string, answers: Answers): ShownPage {
  const asked: Asked[] = [];
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = typeof input === "string" ? undefined : input;
    const url = new URL(request?.url ?? String(input), location.origin);
    const path = decodeURIComponent(url.pathname.replace("/api/v1", ""));
    if (path === "/events") {
      const body = new ReadableStream<Uint8Array>({ start: (made) => void (stream = made) });
      init?.signal?.addEventListener("abort", () => stream?.error(new DOMException("", "AbortError")));
      return new Response(body);
    }
    const method = request?.method ?? "GET";
    const text = (await request?.text()) ?? "";
    asked.push({
      method,
      path,
      query: url.searchParams,
      headers: request?.headers ?? new Headers(),
      body: text ? JSON.parse(text) : undefined,
    });
    const answer = answers[method === "GET" ? path : `${method} ${path}`];
    if (answer instanceof Response) return answer.clone();
    if (answer !== undefined) return Response.json(answer);
    return Response.json({ title: "Not Found", detail: `there is no ${path}`, hint: "look again" }, { status: 404 });
  });
  window.location.hash = place;
  render(<App router={makeRouter()} queries={newQueryClient()} entry={undefined} />);
  return {
    asked,
    tell: (item) =>
      stream?.enqueue(new TextEncoder().encode(`id: 1\nevent: update\ndata: ${JSON.stringify(item)}\n\n`)),
  };
}
