import { describe, expect, it } from "vitest";
import { layersOf, layout, nearest, type Layout } from "./layout";

const size = { width: 200, height: 44 };
const room = { width: 1200, height: 800 };

function picture(found: Layout): string {
  const nodes = [...found.x].map((x, node) => `${node}: ${x},${found.y[node]} layer ${found.layer[node]}`);
  const routes = found.routes.map((route, edge) => `edge ${edge}: ${route.join(" ")}`);
  return [`${found.direction} ${found.width}x${found.height}`, ...nodes, ...routes].join("\n");
}

// Random parents, always the same ones.
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function layered(count: number, layers: number): number[] {
  const next = random(7);
  const wide = count / layers;
  const edges: number[] = [];
  for (let node = wide; node < count; ++node) {
    const above = Math.floor(node / wide) - 1;
    for (let parent = 0; parent < 2; ++parent) edges.push(Math.floor((above + next()) * wide), node);
  }
  return edges;
}

describe("layers", () => {
  it("puts a node below all that it waits for", () => {
    expect([...layersOf(4, [0, 1, 1, 2, 0, 2, 2, 3])]).toEqual([0, 1, 2, 3]);
  });
  it("puts a source right above what needs it", () => {
    expect([...layersOf(5, [0, 1, 1, 2, 3, 2, 4, 3])]).toEqual([0, 1, 2, 1, 0]);
    expect([...layersOf(4, [0, 1, 1, 2, 3, 2])]).toEqual([0, 1, 2, 1]);
  });
  it("keeps nodes of a cycle apart", () => {
    expect([...layersOf(3, [0, 1, 1, 2, 2, 1])]).toEqual([0, -1, -1]);
  });
});

describe("nearest", () => {
  it("keeps wishes that are far enough apart", () => {
    expect([...nearest(Float64Array.of(0, 10), Float64Array.of(1, 1), Float64Array.of(0, 5))]).toEqual([0, 10]);
  });
  it("shares what is too near by weight", () => {
    expect([...nearest(Float64Array.of(0, 0), Float64Array.of(1, 1), Float64Array.of(0, 10))]).toEqual([-5, 5]);
    expect([...nearest(Float64Array.of(0, 0), Float64Array.of(3, 1), Float64Array.of(0, 10))]).toEqual([-2.5, 7.5]);
  });
});

describe("layout", () => {
  it("draws a diamond with a long edge", () => {
    const found = layout({ count: 5, edges: [0, 1, 0, 2, 1, 3, 2, 3, 0, 4, 3, 4], ...size }, room);
    expect(picture(found)).toMatchInlineSnapshot(`
      "down 445.6x272
      0: 286.3,22 layer 0
      1: 100,98 layer 1
      2: 320,98 layer 1
      3: 251.6,174 layer 2
      4: 345.6,250 layer 3
      edge 0: 286.3 22 100 98
      edge 1: 286.3 22 320 98
      edge 2: 100 98 251.6 174
      edge 3: 320 98 251.6 174
      edge 4: 286.3 22 439 98 423.8 174 345.6 250
      edge 5: 251.6 174 345.6 250"
    `);
  });
  it("draws nothing for nothing", () => {
    expect(layout({ count: 0, edges: [], ...size }, room)).toMatchObject({ width: 0, height: 0 });
  });
  it("lays a fan out without overlaps", () => {
    const edges: number[] = [];
    for (let node = 1; node <= 40; ++node) edges.push(0, node, node, 41);
    const found = layout({ count: 42, edges, ...size }, room);
    const middle = [...found.y].slice(1, 41).sort((a, b) => a - b);
    expect(found.direction).toBe("right");
    middle.slice(1).forEach((at, index) => expect(at - (middle[index] ?? 0)).toBeGreaterThanOrEqual(size.height));
  });
  it("never lets nodes of one layer overlap", () => {
    const found = layout({ count: 400, edges: layered(400, 20), ...size }, room);
    const down = found.direction === "down";
    for (let layer = 0; layer < 20; ++layer) {
      const at = [...found.layer.keys()]
        .filter((node) => found.layer[node] === layer)
        .map((node) => (down ? found.x : found.y)[node] ?? 0)
        .sort((a, b) => a - b);
      for (let index = 1; index < at.length; ++index)
        expect((at[index] ?? 0) - (at[index - 1] ?? 0)).toBeGreaterThanOrEqual(down ? size.width : size.height);
    }
  });
  it("is the same each time", () => {
    const input = { count: 400, edges: layered(400, 20), ...size };
    expect(picture(layout(input, room))).toBe(picture(layout(input, room)));
  });
  it.each([
    ["20 layers with two random parents", 10_000, layered(10_000, 20)],
    ["a fan", 10_002, Array.from({ length: 10_000 }, (_, at) => [0, at + 1, at + 1, 10_001]).flat()],
    ["a chain", 10_000, Array.from({ length: 9_999 }, (_, at) => [at, at + 1]).flat()],
  ])("lays 10,000 nodes out in time: %s", (_, count, edges) => {
    // The processor's time, not the clock's: tests share their cores.
    const begin = process.cpuUsage();
    const found = layout({ count, edges, ...size }, room);
    const { user, system } = process.cpuUsage(begin);
    expect(found.x).toHaveLength(count);
    // 0.2 s on a free core, for which compilation in other threads is not counted.
    expect((user + system) / 1e6).toBeLessThan(1.5);
  });
});
