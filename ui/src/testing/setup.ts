import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// happy-dom lays nothing out: every element is as large as a window, so that lists show rows.
for (const [name, size] of [
  ["offsetHeight", 720],
  ["offsetWidth", 1280],
  ["clientHeight", 720],
  ["clientWidth", 1280],
] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size });
}

// Tests share their cores with others: what is waited for may take a while.
configure({ asyncUtilTimeout: 15_000 });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});
