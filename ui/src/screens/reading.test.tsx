import { act, cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { showPage, type Answers } from "@/testing/page";

// Charts are drawn on canvas, which this environment has not; browser tests look at them.
vi.mock("uplot", () => ({
  default: class {
    over = document.createElement("div");
    destroy = vi.fn();
    setSize = vi.fn();
    setData = vi.fn();
    setScale = vi.fn();
  },
}));
// Nothing is ever in sight here; without an observer a panel mounts at once.
beforeEach(() => void vi.stubGlobal("IntersectionObserver", undefined));
afterEach(() => {
  cleanup();
  window.location.hash = "";
});

const at = "2026-11-26T18:00:00.000Z";
const stage = {
  name: "rl1",
  uses: "rl_stage",
  status: "succeeded",
  attempts: 1,
  cached: false,
  started_at: at,
  finished_at: at,
  progress: { done: 2, total: 2, unit: "steps" },
  metrics: { reward: 0.5 },
};
const run: Answers = {
  "/session": { role: "viewer" },
  "/runs/1": { id: "1", name: "mini", workflow: "w", status: "succeeded", created_at: at, started_at: at, finished_at: at, seed: 0, stages: [stage] },
  "/runs/1/states": { sequence: 1, revision: 0, status: "succeeded", started_at: at, finished_at: at, tasks: { total: 1 }, stages: "s", task_states: [""] },
  "/runs/1/structure": { stages: [{ name: "rl1", uses: "rl_stage", description: "", needs: [], tasks: "" }] },
  "/runs/1/events": { events: [], next: 0 },
  "/runs/1/artifacts": {
    artifacts: [
      { task: "rl1", name: "rollouts", kind: "rollouts", digest: "sha256:aa", bytes: 1, cached: false },
      { task: "corpus", name: "documents", kind: "documents", digest: "sha256:dd", bytes: 1, cached: false },
    ],
  },
};

describe("metrics", () => {
  const metrics: Answers = {
    ...run,
    "/plugins/rl_stage": { name: "rl_stage", declaration: { metrics: [{ name: "reward", unit: "share", doc: "Mean reward" }] } },
    "/runs/1/stages/rl1/metrics": {
      metrics: [
        { name: "other", runtime: false, count: 2, nan: 0, step_min: 1, step_max: 2, last: 1, min: 1, max: 1 },
        { name: "reward", runtime: false, count: 3, nan: 1, step_min: 1, step_max: 3, last: 0.5, min: 0.25, max: 0.5 },
      ],
      reused_from: "0/rl1",
    },
    "/runs/1/stages/rl1/checkpoints": { checkpoints: [], attempts: [], work: 0, bytes: 0 },
    "/runs/1/stages/rl1/series": {
      step_first: 1,
      step_last: 3,
      series: [{ name: "reward", runtime: false, raw: 3, points: { step: [1, 2, 3], value: [0.25, "NaN", 0.5] }, gaps: [], attempts: [] }],
    },
  };
  it("shows what the stage type declares, how many points there are and how many are no number", async () => {
    showPage("/runs/1/metrics", metrics);
    const panel = await screen.findByRole("region", { name: "reward" });
    await within(panel).findByText(/3 points/);
    expect(panel.textContent).toContain("1 not finite");
    expect(panel.textContent).toContain("0.5");
    expect(screen.queryByRole("region", { name: "other" })).toBeNull();
    expect(screen.getByText("0/rl1")).toBeDefined();
  });
  it("finds the rest, and says the same as a table", async () => {
    const { asked } = showPage("/runs/1/metrics?as=table&q=other&from=1&to=2", metrics);
    await screen.findByRole("region", { name: "other" });
    await waitFor(() => expect(asked.some((one) => one.path.endsWith("/series") && one.query.get("from") === "1")).toBe(true));
    expect(await screen.findByRole("grid", { name: "other" })).toBeDefined();
  });
});

describe("logs", () => {
  const line = (number: number, text: string) => ({ line: number, offset: number * 10, end: number * 10 + 10, text, level: "info", time: at });
  const page = (items: object[]) => ({
    attempt: 2,
    source: "log",
    size: 100,
    lines: items.length,
    items,
    previous: "2:0",
    next: "2:100",
    at_begin: true,
    at_end: true,
    attempts: [1, 2],
    going_on: false,
  });
  const logs: Answers = {
    ...run,
    "/runs/1/stages/rl1/log": page([line(1, "<script>alert(1)</script>"), line(2, "a\u202eb"), line(3, "\u001b[31mred\u001b[0m hit")]),
    "/runs/1/stages/rl1/log/search": { attempt: 2, source: "log", size: 100, hits: [{ ...line(3, "hit"), columns: [[0, 3]] }], next: null, searched: 100 },
  };
  it("are text: markup, marks that turn it round, and colours", async () => {
    showPage("/runs/1/logs?of=rl1", logs);
    await screen.findByText("<script>alert(1)</script>");
    expect(screen.getByText("U+202E")).toBeDefined();
    expect(screen.getByText("red").closest("span")?.className).toContain("front-red");
    expect(document.querySelector("main script")).toBeNull();
  });
  it("link to a line, with its attempt", async () => {
    showPage("/runs/1/logs?of=rl1", logs);
    await userEvent.click(await screen.findByRole("button", { name: "2" }));
    await waitFor(() => expect(location.hash).toContain("line=2"));
    expect(location.hash).toContain("attempt=2");
  });
  it("of all tasks are one, each line with the way to its place in its task's own", async () => {
    const merged = { previous: "", next: "1 a 1 0", at_begin: true, at_end: true, going_on: false };
    const items = [
      { ...line(1, "<b>first</b>"), stage: "rl1", task: "rl1", attempt: 2 },
      { ...line(2, "second"), stage: "sweep", task: "sweep[n=1]", attempt: 1 },
    ];
    const { asked } = showPage("/runs/1/logs?of=*&level=info", { ...logs, "/runs/1/log": { ...merged, items } });
    await screen.findByText("<b>first</b>");
    const link = screen.getByRole("link", { name: "sweep[n=1]" });
    expect(decodeURIComponent(link.getAttribute("href") ?? "")).toContain("of=sweep[n=1]&attempt=1&at=20");
    expect(asked.find((one) => one.path.endsWith("/runs/1/log"))?.query.get("level")).toBe("info");
  });
  it("of all tasks are searched from their beginning", async () => {
    const hits = [{ ...line(3, "a hit here"), stage: "rl1", task: "rl1", attempt: 1, columns: [[2, 5]] }];
    showPage("/runs/1/logs?of=*&q=hit", { ...logs, "/runs/1/log/search": { hits, next: null } });
    await screen.findByText(/1 hits/);
    expect(document.querySelector("mark")?.textContent).toBe("hit");
  });
  it.each(["*", "rl1"])("of %s stay at the end that was asked for when the filter comes behind it", async (of) => {
    const items = [{ ...line(3, "a hit here"), stage: "rl1", task: "rl1", attempt: 1, columns: [[2, 5]] }];
    const whole = { ...page(items), items };
    const { asked } = showPage(`/runs/1/logs?of=${of}&level=info`, { ...logs, "/runs/1/log": whole, "/runs/1/stages/rl1/log": whole });
    const list = await screen.findByRole("region", { name: /^Log of/ });
    // A level is chosen and the log's beginning asked for, both before anything is drawn.
    act(() => {
      fireEvent.click(screen.getByRole("button", { name: "error" }));
      fireEvent.keyDown(list, { key: "Home" });
    });
    const read = (level: string) => asked.filter((one) => one.path.endsWith("/log") && one.query.get("level") === level);
    await waitFor(() => expect(read("info,error")).toHaveLength(1));
    expect(read("info")[0]?.query.get("backwards")).toBe("true");
    expect(read("info,error")[0]?.query.get("backwards")).not.toBe("true");
  });
  it("stay where one has scrolled to while the address was changing", async () => {
    showPage("/runs/1/logs?of=rl1", logs);
    const list = await screen.findByRole("region", { name: /^Log of/ });
    const scroll = (top: number) => {
      list.scrollTop = top;
      fireEvent.scroll(list);
    };
    scroll(300);
    fireEvent.click(screen.getByRole("button", { name: "Wrap" }));
    scroll(900);
    await screen.findByRole("button", { name: "Wrap", pressed: true });
    await waitFor(() => expect(location.hash).toContain("wrap"));
    expect(list.scrollTop).toBe(900);
  });
  it("are searched on the server, and n leads to the hit", async () => {
    showPage("/runs/1/logs?of=rl1&q=hit", logs);
    await screen.findByText(/1 hits/);
    fireEvent.keyDown(document.body, { key: "n" });
    await waitFor(() => expect(location.hash).toContain("line=3"));
    await screen.findByText(/1 of 1 hits/);
  });
});

const row = (number: number) => ({
  row: number,
  step: 1,
  sample: "s-1",
  task: "multihop",
  index: number,
  reward: number,
  advantage: number - 0.5,
  entropy: 0.1,
  tokens: 2,
  prompt_tokens: 5,
  turns: 1,
  truncated: false,
  dropped: false,
  with_tokens: true,
  answer: null,
});
const rollouts: Answers = {
  ...run,
  "/runs/1/stages/rl1/rollouts": { rollouts: [{ ...row(0), preview: "The answer is <b>" }, { ...row(1), preview: "x" }], next_cursor: null, notes: [] },
  "/runs/1/stages/rl1/rollouts/steps": {
    steps: [{ step: 1, last_step: 1, count: 2, reward_mean: 0.5, reward_min: 0, reward_max: 1, tokens_mean: 2, entropy_mean: 0.1, truncated: 0, dropped: 0 }],
    rollouts: 2,
    notes: [],
  },
  "/runs/1/stages/rl1/rollouts/group": {
    step: 1,
    sample: { id: "s-1", task: "multihop", record: 4, prompt_tokens: 5 },
    rollouts: [{ ...row(0), response: "The answer is 4" }, { ...row(1), response: "The answer is 17" }],
    more: false,
  },
  "/runs/1/stages/rl1/rollouts/question": { record: { id: "s-1", question: "How many?", answer: ["17"] }, dataset: "sha256:qq" },
  "/runs/1/stages/rl1/rollouts/1": {
    rollout: { ...row(1), response: "The answer is 17" },
    sample: { id: "s-1", task: "multihop", record: 4, prompt_tokens: 5 },
    response_from: 0,
    response_bytes: 16,
    tokens: null,
  },
};

describe("rollouts", () => {
  it("are a table over a strip of steps, and lead to their group", async () => {
    showPage("/runs/1/rollouts", rollouts);
    const grid = await screen.findByRole("grid", { name: "Rollouts" });
    expect(within(grid).getByText("The answer is <b>")).toBeDefined();
    fireEvent.click(within(grid).getAllByRole("row")[1] as Element);
    await waitFor(() => expect(location.hash).toContain("/rollouts/group?"));
    await screen.findByText("How many?");
    expect(screen.getAllByRole("article")).toHaveLength(2);
  });
  it("are sorted by the server", async () => {
    const { asked } = showPage("/runs/1/rollouts?truncated=no", rollouts);
    await userEvent.click(await screen.findByRole("button", { name: /^Reward/ }));
    await waitFor(() => expect(asked.some((one) => one.query.get("sort") === "-reward" && one.query.get("truncated") === "false")).toBe(true));
    expect(location.hash).toContain("truncated=no");
  });
  it("of a group are compared", async () => {
    showPage("/runs/1/rollouts/group?of=rl1&step=1&sample=s-1&diff=0,1", rollouts);
    const difference = await screen.findByRole("region", { name: "Difference" });
    expect(difference.querySelector("del")?.textContent).toBe("4");
    expect(difference.querySelector("ins")?.textContent).toBe("17");
  });
  it("of a memory agent keep the focus where the turn that had it is folded away", async () => {
    const turn = (chunk: number) => ({ chunk, documents: [], memory: `m${chunk}`, plan: "", memory_cut: false, prompt_tokens: 9, tokens: 3, finish: "stop" });
    const group = {
      step: 1,
      sample: { id: "s-1", task: "multihop", record: 4, prompt_tokens: 5 },
      rollouts: [0, 1].map((index) => ({ ...row(index), response: "The answer is 4", turns: [turn(1), turn(2), { prompt_tokens: 4, tokens: 3, finish: "stop" }] })),
      more: false,
    };
    showPage("/runs/1/rollouts/group?of=rl1&step=1&sample=s-1&node=0.2", { ...rollouts, "/runs/1/stages/rl1/rollouts/group": group });
    const tree = await screen.findByRole("tree");
    within(tree).getAllByRole("treeitem")[3]?.focus();
    expect(document.activeElement?.textContent).toContain("Turn 2");
    // To its rollout, and that one is folded: both before anything is drawn.
    act(() => {
      fireEvent.keyDown(document.activeElement as Element, { key: "ArrowLeft" });
      fireEvent.keyDown(document.activeElement as Element, { key: "ArrowLeft" });
    });
    await waitFor(() => expect(within(tree).getAllByRole("treeitem")).toHaveLength(6));
    expect(document.activeElement?.textContent).toContain("Rollout 0");
    fireEvent.keyDown(document.activeElement as Element, { key: "End" });
    await screen.findByRole("region", { name: "Rollout 1, answer" });
  });
  it("lead to the sample in its dataset, and say where no tokens were kept", async () => {
    showPage("/runs/1/rollouts/1?of=rl1&view=tokens", rollouts);
    await screen.findByText("No token data was kept of this rollout");
    const link = await screen.findByRole("link", { name: "The sample with its documents" });
    expect(link.getAttribute("href")).toContain("/records/sha256");
    expect(link.getAttribute("href")).toContain("id=s-1");
  });
});
