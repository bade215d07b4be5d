// A layered layout in linear time: longest-path layers, barycentre sweeps for the order within them,
// then positions by isotonic regression. Long edges are routed through dummies where the graph is
// small; those from one node share their way until they part. Pure and deterministic: the same graph gives the same picture.
//
// Directions: "down" has its layers below each other, "right" beside each other.

export interface LayoutInput {
  count: number;
  // Flat pairs from, to; `to` waits for `from`. No cycles; an edge that closed one is left out.
  edges: readonly number[];
  width: number;
  height: number;
}

export type Direction = "down" | "right";

export interface Layout {
  direction: Direction;
  width: number;
  height: number;
  // Centres of the nodes.
  x: Float64Array;
  y: Float64Array;
  layer: Int32Array;
  // Of each edge in the order of the input: points from centre to centre; empty for one left out.
  routes: number[][];
}

export const gaps = { layers: 32, nodes: 20, dummies: 18 };
// Above it, long edges are straight.
const mostDummies = 4_000;
const sweeps = 4;
// Rounds of straightening: many where they cost nothing.
const straightenings = (count: number) => (count <= 2_000 ? 24 : 6);

interface Graph {
  count: number; // dummies included
  real: number;
  layer: Int32Array;
  // Neighbours one layer up and one layer down, as compressed rows.
  up: Rows;
  down: Rows;
  chains: Int32Array[]; // of each edge: the nodes it goes through
}

interface Rows {
  start: Int32Array;
  to: Int32Array;
}

function rows(count: number, from: readonly number[], to: readonly number[]): Rows {
  const start = new Int32Array(count + 1);
  for (const node of from) start[node + 1] = (start[node + 1] ?? 0) + 1;
  for (let at = 0; at < count; ++at) start[at + 1] = (start[at + 1] ?? 0) + (start[at] ?? 0);
  const place = start.slice(0, count);
  const all = new Int32Array(from.length);
  from.forEach((node, at) => {
    all[place[node] ?? 0] = to[at] ?? 0;
    place[node] = (place[node] ?? 0) + 1;
  });
  return { start, to: all };
}

function each(table: Rows, node: number): Int32Array {
  return table.to.subarray(table.start[node] ?? 0, table.start[node + 1] ?? 0);
}

// Each node one layer below the lowest of those it waits for; nodes that wait for nothing as low as
// those that need them allow. Nodes on a cycle keep layer -1.
export function layersOf(count: number, edges: readonly number[]): Int32Array {
  const from = edges.filter((_, at) => at % 2 === 0);
  const to = edges.filter((_, at) => at % 2 === 1);
  const down = rows(count, from, to);
  const waits = new Int32Array(count);
  for (const node of to) waits[node] = (waits[node] ?? 0) + 1;
  const sources = new Int32Array(waits);
  const layer = new Int32Array(count).fill(-1);
  const queue: number[] = [];
  for (let node = 0; node < count; ++node) if (waits[node] === 0) queue.push(node);
  for (const node of queue) layer[node] = 0;
  for (let at = 0; at < queue.length; ++at) {
    const node = queue[at] ?? 0;
    for (const next of each(down, node)) {
      layer[next] = Math.max(layer[next] ?? 0, (layer[node] ?? 0) + 1);
      const left = (waits[next] ?? 0) - 1;
      waits[next] = left;
      if (left === 0) queue.push(next);
    }
  }
  for (let node = 0; node < count; ++node) {
    if ((waits[node] ?? 0) > 0) layer[node] = -1;
  }
  for (let node = 0; node < count; ++node) {
    if (sources[node] !== 0 || layer[node] !== 0) continue;
    let nearest = Infinity;
    for (const next of each(down, node)) if ((layer[next] ?? -1) > 0) nearest = Math.min(nearest, layer[next] ?? 0);
    if (nearest !== Infinity) layer[node] = nearest - 1;
  }
  return layer;
}

function withDummies(input: LayoutInput): Graph {
  const layer = layersOf(input.count, input.edges);
  // What is on a cycle stands on top.
  for (let node = 0; node < input.count; ++node) layer[node] = Math.max(0, layer[node] ?? 0);
  // Dummies of a node: one in each layer down to the lowest that waits for it.
  const deepest = new Int32Array(input.count);
  for (let at = 0; at < input.edges.length; at += 2) {
    const from = input.edges[at] ?? 0;
    deepest[from] = Math.max(deepest[from] ?? 0, layer[input.edges[at + 1] ?? 0] ?? 0);
  }
  let dummies = 0;
  deepest.forEach((lowest, node) => void (dummies += Math.max(0, lowest - (layer[node] ?? 0) - 1)));
  const route = dummies <= mostDummies;
  const count = input.count + (route ? dummies : 0);
  const layers = new Int32Array(count);
  layers.set(layer);
  const upper: number[] = [];
  const lower: number[] = [];
  const trunks: number[][] = Array.from({ length: input.count }, (_, node) => [node]);
  let next = input.count;
  const trunk = (from: number, length: number): number[] => {
    const known = trunks[from] ?? [];
    while (known.length < length) {
      layers[next] = (layer[from] ?? 0) + known.length;
      upper.push(known.at(-1) ?? 0);
      lower.push(next);
      known.push(next++);
    }
    return known.slice(0, length);
  };
  const chains: Int32Array[] = [];
  for (let at = 0; at < input.edges.length; at += 2) {
    const from = input.edges[at] ?? 0;
    const to = input.edges[at + 1] ?? 0;
    const span = (layer[to] ?? 0) - (layer[from] ?? 0);
    if (span < 1) {
      chains.push(new Int32Array(0));
      continue;
    }
    const chain = trunk(from, route ? span : 1);
    upper.push(chain.at(-1) ?? 0);
    lower.push(to);
    chains.push(Int32Array.from([...chain, to]));
  }
  return {
    count,
    real: input.count,
    layer: layers,
    up: rows(count, lower, upper),
    down: rows(count, upper, lower),
    chains,
  };
}

// The nodes of each layer, in the order in which a walk from the first node meets them.
function firstOrder(graph: Graph): number[][] {
  const depth = graph.layer.reduce((most, layer) => Math.max(most, layer), -1) + 1;
  const order: number[][] = Array.from({ length: depth }, () => []);
  const seen = new Uint8Array(graph.count);
  for (let root = 0; root < graph.count; ++root) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.pop() ?? 0;
      if (seen[node]) continue;
      seen[node] = 1;
      order[graph.layer[node] ?? 0]?.push(node);
      const below = each(graph.down, node);
      for (let at = below.length - 1; at >= 0; --at) stack.push(below[at] ?? 0);
    }
  }
  return order;
}

function places(order: readonly number[][], count: number): Int32Array {
  const place = new Int32Array(count);
  for (const nodes of order) nodes.forEach((node, at) => void (place[node] = at));
  return place;
}

// Nodes go to the mean place of their neighbours; those without one stay where they are.
function sortByNeighbours(nodes: number[], neighbours: Rows, place: Int32Array): void {
  const wish = new Map<number, number>();
  for (const node of nodes) {
    const near = each(neighbours, node);
    let sum = 0;
    for (const other of near) sum += place[other] ?? 0;
    wish.set(node, near.length > 0 ? sum / near.length : (place[node] ?? 0));
  }
  nodes.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || (place[a] ?? 0) - (place[b] ?? 0));
  nodes.forEach((node, at) => void (place[node] = at));
}

// Crossings between two neighbouring layers, counted with a Fenwick tree.
function crossings(upper: readonly number[], down: Rows, place: Int32Array, width: number): number {
  const tree = new Int32Array(width + 1);
  let count = 0;
  let seen = 0;
  for (const node of upper) {
    const ends = [...each(down, node)].map((other) => place[other] ?? 0).sort((a, b) => a - b);
    for (const end of ends) {
      let before = 0;
      for (let at = end + 1; at > 0; at -= at & -at) before += tree[at] ?? 0;
      count += seen - before;
    }
    for (const end of ends) {
      for (let at = end + 1; at <= width; at += at & -at) tree[at] = (tree[at] ?? 0) + 1;
      ++seen;
    }
  }
  return count;
}

function allCrossings(order: readonly number[][], graph: Graph, place: Int32Array): number {
  let sum = 0;
  for (let at = 0; at + 1 < order.length; ++at)
    sum += crossings(order[at] ?? [], graph.down, place, order[at + 1]?.length ?? 0);
  return sum;
}

function ordered(graph: Graph): number[][] {
  const order = firstOrder(graph);
  const place = places(order, graph.count);
  let best = order.map((nodes) => [...nodes]);
  let fewest = allCrossings(order, graph, place);
  for (let sweep = 0; sweep < sweeps && fewest > 0; ++sweep) {
    const down = sweep % 2 === 0;
    for (let step = 1; step < order.length; ++step) {
      const at = down ? step : order.length - 1 - step;
      sortByNeighbours(order[at] ?? [], down ? graph.up : graph.down, place);
    }
    const now = allCrossings(order, graph, place);
    if (now < fewest) {
      fewest = now;
      best = order.map((nodes) => [...nodes]);
    }
  }
  return best;
}

// The positions nearest to the wishes (in weighted squares) that keep the distances: pool adjacent
// violators, on the wishes less the distances.
export function nearest(wish: Float64Array, weight: Float64Array, distance: Float64Array): Float64Array {
  const count = wish.length;
  const offset = new Float64Array(count);
  for (let at = 1; at < count; ++at) offset[at] = (offset[at - 1] ?? 0) + (distance[at] ?? 0);
  const mean: number[] = [];
  const mass: number[] = [];
  const size: number[] = [];
  for (let at = 0; at < count; ++at) {
    let value = (wish[at] ?? 0) - (offset[at] ?? 0);
    let heavy = weight[at] ?? 1;
    let length = 1;
    while (mean.length > 0 && (mean.at(-1) ?? 0) > value) {
      const other = mass.pop() ?? 0;
      value = (value * heavy + (mean.pop() ?? 0) * other) / (heavy + other);
      heavy += other;
      length += size.pop() ?? 0;
    }
    mean.push(value);
    mass.push(heavy);
    size.push(length);
  }
  const found = new Float64Array(count);
  let at = 0;
  mean.forEach((value, block) => {
    for (let step = 0; step < (size[block] ?? 0); ++step, ++at) found[at] = value + (offset[at] ?? 0);
  });
  return found;
}

// Positions across the layers.
function across(graph: Graph, order: readonly number[][], size: number): Float64Array {
  const position = new Float64Array(graph.count);
  const half = (node: number) => (node < graph.real ? size / 2 + gaps.nodes / 2 : gaps.dummies / 2);
  const distances = order.map((nodes) => {
    const distance = new Float64Array(nodes.length);
    for (let at = 1; at < nodes.length; ++at) distance[at] = half(nodes[at - 1] ?? 0) + half(nodes[at] ?? 0);
    return distance;
  });
  order.forEach((nodes, layer) => {
    let sum = 0;
    nodes.forEach((node, at) => void (position[node] = sum += distances[layer]?.[at] ?? 0));
    const middle = sum / 2;
    for (const node of nodes) position[node] = (position[node] ?? 0) - middle;
  });
  const rounds = straightenings(graph.count);
  for (let round = 0; round < rounds; ++round) {
    const down = round % 2 === 0;
    for (let step = 0; step < order.length; ++step) {
      const layer = down ? step : order.length - 1 - step;
      const nodes = order[layer] ?? [];
      // The last rounds look both ways.
      const tables = round >= rounds - 2 ? [graph.up, graph.down] : [down ? graph.up : graph.down];
      straighten(graph, nodes, tables, position, distances[layer] ?? new Float64Array());
    }
  }
  return position;
}

function straighten(
  graph: Graph,
  nodes: readonly number[],
  tables: readonly Rows[],
  position: Float64Array,
  distance: Float64Array,
): void {
  const wish = new Float64Array(nodes.length);
  const weight = new Float64Array(nodes.length);
  nodes.forEach((node, at) => {
    let sum = 0;
    let count = 0;
    for (const table of tables)
      for (const other of each(table, node)) {
        // An edge between dummies pulls hard, so that long edges are straight.
        const pull = node >= graph.real && other >= graph.real ? 8 : 1;
        sum += pull * (position[other] ?? 0);
        count += pull;
      }
    wish[at] = count > 0 ? sum / count : (position[node] ?? 0);
    weight[at] = count > 0 ? (node >= graph.real ? 4 : 1) : 0.05;
  });
  const found = nearest(wish, weight, distance);
  nodes.forEach((node, at) => void (position[node] = found[at] ?? 0));
}

// `room`: of the view; the direction whose picture is larger in it is taken.
export function layout(input: LayoutInput, room: { width: number; height: number }): Layout {
  const graph = withDummies(input);
  const order = ordered(graph);
  const down = placed(input, graph, order, "down");
  const right = placed(input, graph, order, "right");
  const scale = (picture: Layout) => Math.min(1, room.width / picture.width, room.height / picture.height);
  return scale(right) > scale(down) * 1.05 ? right : down;
}

export function placed(input: LayoutInput, graph: Graph, order: readonly number[][], direction: Direction): Layout {
  const down = direction === "down";
  const size = down ? input.width : input.height;
  const pitch = (down ? input.height : input.width) + gaps.layers;
  const position = across(graph, order, size);
  let least = Infinity;
  let most = -Infinity;
  for (let node = 0; node < graph.count; ++node) {
    const half = node < graph.real ? size / 2 : 0;
    least = Math.min(least, (position[node] ?? 0) - half);
    most = Math.max(most, (position[node] ?? 0) + half);
  }
  if (graph.count === 0) least = most = 0;
  const a = (node: number) => Math.round(((position[node] ?? 0) - least) * 10) / 10;
  const b = (node: number) => (graph.layer[node] ?? 0) * pitch + (pitch - gaps.layers) / 2;
  const x = new Float64Array(input.count);
  const y = new Float64Array(input.count);
  for (let node = 0; node < input.count; ++node) {
    x[node] = down ? a(node) : b(node);
    y[node] = down ? b(node) : a(node);
  }
  const routes = graph.chains.map((chain) =>
    [...chain].flatMap((node) => (down ? [a(node), b(node)] : [b(node), a(node)])),
  );
  const depth = Math.max(0, order.length * pitch - gaps.layers);
  const breadth = Math.round(Math.max(0, most - least) * 10) / 10;
  return {
    direction,
    width: down ? breadth : depth,
    height: down ? depth : breadth,
    x,
    y,
    layer: graph.layer.slice(0, input.count),
    routes,
  };
}
