import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Run, RunHead, RunRow, Stage, States, Structure } from "@/api/types";
import { showPage, type Answers } from "@/testing/page";

const times = { created_at: "2026-11-26T18:16:25.413Z", started_at: "2026-11-26T18:16:25.414Z", finished_at: null };

function row(id: string, status: RunRow["status"], name = "nightly"): RunRow {
  return { id, name, status, ...times, labels: {}, stages: { total: 2, succeeded: 1, by_status: { succeeded: 1 } } };
}

const runs: Answers = { "/runs": { runs: [row("1c", "running"), row("1b", "failed", "<img src=x>")] } };
const session: Answers = { "/session": { who: "admin", role: "admin" } };

describe("Runs", () => {
  it("lists runs with their state in words, and names as text", async () => {
    showPage("/runs", runs);
    const grid = await screen.findByRole("grid", { name: /Runs/ });
    const rows = within(grid).getAllByRole("row");
    expect(rows).toHaveLength(3);
    expect(rows[1]?.textContent).toContain("running");
    expect(rows[2]?.textContent).toContain("<img src=x>");
  });
  it("asks for what the filter says, which stands in the URL", async () => {
    const { asked } = showPage("/runs", runs);
    await screen.findByRole("grid");
    await userEvent.click(screen.getByRole("button", { name: "failed" }));
    await waitFor(() => expect(asked.at(-1)?.query.get("status")).toBe("failed"));
    expect(location.hash).toBe("#/runs?status=failed");
    expect(screen.getByLabelText<HTMLInputElement>("Search runs").value).toBe("status=failed");
  });
  it("says what is wrong with a filter and asks nothing", async () => {
    const { asked } = showPage("/runs", runs);
    await screen.findByRole("grid");
    const before = asked.length;
    await userEvent.type(screen.getByLabelText("Search runs"), "stat=failed");
    expect(screen.getByText(/did you mean status/)).toBeDefined();
    await new Promise((done) => setTimeout(done, 300));
    expect(asked.length).toBe(before);
  });
  it("shows a change as it is told", async () => {
    const { tell } = showPage("/runs", runs);
    const grid = await screen.findByRole("grid");
    await screen.findByText("live");
    tell({ sequence: 2, runs: { runs: [row("1c", "succeeded"), row("1d", "pending")], deleted: [] } });
    await waitFor(() => expect(within(grid).getAllByRole("row")).toHaveLength(4));
    expect(within(grid).queryByText("running")).toBeNull();
    expect(within(grid).getByText("pending")).toBeDefined();
  });
  it("moves with j and k, and opens with Enter", async () => {
    showPage("/runs", { ...runs, ...session });
    const [, first, second] = within(await screen.findByRole("grid")).getAllByRole("row");
    first?.focus();
    fireEvent.keyDown(first as Element, { key: "j" });
    await waitFor(() => expect(document.activeElement).toBe(second));
    fireEvent.keyDown(second as Element, { key: "Enter" });
    await waitFor(() => expect(location.hash).toBe("#/runs/1b/graph"));
  });
  it("compares the two that were chosen", async () => {
    showPage("/runs", runs);
    await screen.findByRole("grid");
    for (const box of screen.getAllByRole("checkbox")) await userEvent.click(box);
    const link = await screen.findByRole("link", { name: "Compare the two" });
    expect(link.getAttribute("href")).toContain("/compare/1c/1b");
  });
  it("says what to do where nothing is there yet", async () => {
    showPage("/runs", { "/runs": { runs: [] } });
    expect(await screen.findByText("No runs yet")).toBeDefined();
  });
  it("shows a problem with its next step", async () => {
    showPage("/runs", {});
    expect((await screen.findByRole("alert")).textContent).toContain("Next: look again");
  });
  it("asks to sign in where nobody knows who asks", async () => {
    showPage("/runs", { "/runs": Response.json({ title: "Unauthorized" }, { status: 401 }) });
    expect(await screen.findByLabelText("Token")).toBeDefined();
  });
});

const states: States = {
  id: "1c",
  sequence: 10,
  revision: 0,
  status: "waiting",
  started_at: times.started_at,
  finished_at: null,
  tasks: { total: 3, succeeded: 1, by_status: {} },
  stages: "sfw",
  task_states: {},
};
const structure: Structure = {
  id: "1c",
  revision: 0,
  stages: [
    { name: "prepare", uses: "shell", description: "", needs: [], tasks: "" as never },
    { name: "train", uses: "sft", description: "", needs: [0], tasks: "" as never },
    { name: "publish", uses: "shell", description: "", needs: [0], tasks: "" as never, approval: "Publish the numbers?" },
  ],
};
const train: Stage = {
  name: "train",
  uses: "sft",
  status: "failed",
  attempts: 1,
  cached: false,
  started_at: times.started_at,
  finished_at: times.created_at,
  progress: { done: 3, total: 9, unit: "steps" },
  outputs: {},
  metrics: { loss: 0.25 },
  error: { cause: "oom", message: "9 GiB were asked for\u202e" },
  params: {},
  attempt_list: [],
  task_list: [],
};
const facts = {
  id: "1c",
  name: "nightly",
  workflow: "nightly.yaml",
  status: "waiting" as const,
  ...times,
  seed: 7,
  params: {},
  labels: {},
};
const run = { ...facts, stages: [train, train, train] } satisfies Run;
const head = {
  ...facts,
  sequence: 10,
  tasks: { total: 3, succeeded: 1, by_status: {} },
  reused: 0,
  spent: { seconds: 60, cpu_seconds: 60, gpu_seconds: 7200, gpus_in_use: 2 },
  failed: { stage: "train", tasks: 1, cause: "oom", message: "9 GiB were asked for" },
  waiting: { reason: "approval", tasks: 1, stage: "publish", question: "Publish the numbers?" },
  estimate: { seconds: 240, basis: ["the times of run 1a"] },
} satisfies RunHead;
const documents: Answers = {
  ...session,
  "/runs/1c": run,
  "/runs/1c/head": head,
  "/runs/1c/states": states,
  "/runs/1c/structure": structure,
  "/runs/1c/stages/train": train,
  "/runs/1c/explain": { id: "1c", name: "n", status: "waiting", environment: {}, stages: [{ stage: "train", status: "failed", because: ["3 attempts ended with oom"], attempts: [] }] },
};

describe("Run", () => {
  it("says what it is about and what it waits for", async () => {
    showPage("/runs/1c", documents);
    expect(await screen.findByRole("heading", { name: "nightly" })).toBeDefined();
    expect(await screen.findByText(/Publish the numbers/)).toBeDefined();
    expect(await screen.findByText("1/3 tasks")).toBeDefined();
    expect(screen.getByText("about 4 min left").parentElement?.textContent).toBe("about 4 min left (from the times of run 1a)");
    expect(screen.getByText("2 GPU-hours, 2 in use")).toBeDefined();
    expect(screen.getByText("9 GiB were asked for")).toBeDefined();
    await waitFor(() => expect(location.hash).toBe("#/runs/1c/graph"));
  });
  it("leads from a red node to the first line of the error in one click", async () => {
    showPage("/runs/1c/graph", documents);
    // Without the presses before it, which the zoom takes up with what no test browser has.
    fireEvent.click(await screen.findByRole("button", { name: /^train.*failed$/ }));
    const drawer = await screen.findByRole("complementary");
    expect((await within(drawer).findByLabelText("Error message")).textContent).toBe("9 GiB were asked forU+202E");
    expect(within(drawer).getAllByText("3 attempts ended with oom").length).toBeGreaterThan(0);
    expect(location.hash).toContain("stage=train");
  });
  it("leads from an output straight to its place among the run's artifacts", async () => {
    const model = { kind: "model", digest: `sha256:${"ab".repeat(32)}`, bytes: 4096 };
    showPage("/runs/1c/graph?stage=train", { ...documents, "/runs/1c/stages/train": { ...train, outputs: { model } } });
    const drawer = await screen.findByRole("complementary");
    const link = await within(drawer).findByRole("link", { name: "model" });
    expect(decodeURIComponent(link.getAttribute("href") ?? "")).toBe("/#/runs/1c/artifacts?at=train.model");
  });
  it("shows the graph as a table, too", async () => {
    showPage("/runs/1c/graph?as=table", documents);
    const grid = await screen.findByRole("grid", { name: "Stages" });
    expect(within(grid).getAllByRole("row")[2]?.textContent).toBe("failedtrainsft" + "prepare");
  });
  it("draws a stage anew as its state changes", async () => {
    const { tell } = showPage("/runs/1c/graph", documents);
    await screen.findByRole("button", { name: /^publish.*waiting$/ });
    await screen.findByText("live");
    tell({ sequence: 11, states: { ...states, run: "1c", sequence: 11, status: "running", stages: [[2, "r"]], task_states: [] } });
    expect(await screen.findByRole("button", { name: /^publish.*running$/ })).toBeDefined();
  });
  it("answers the question of a stage once, with a key", async () => {
    const { asked } = showPage("/runs/1c/graph", { ...documents, "POST /runs/1c/approve": row("1c", "running") });
    await userEvent.click(await screen.findByRole("button", { name: "Answer" }));
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Approve" }));
    await screen.findByText("publish approved");
    const posts = asked.filter(({ method }) => method === "POST");
    expect(posts.map(({ body }) => body)).toEqual([{ stage: "publish", approved: true }]);
    expect(posts[0]?.headers.get("X-Cairn-Page")).toBe("1");
    expect(posts[0]?.headers.get("Idempotency-Key")).toBeTruthy();
  });
  it("shows what a resume would do before it does it", async () => {
    const plan = { id: "1c", revision: 1, stages: [{ name: "train", uses: "sft", tasks: 1, action: "continue", step: 40, because: ["it failed"], differs: [], by_action: {} }] };
    const { asked } = showPage("/runs/1c/graph", {
      ...documents,
      "/runs/1c/states": { ...states, status: "failed" },
      "POST /runs/1c/resume": plan,
    });
    await userEvent.click(await screen.findByRole("button", { name: "Actions" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Resume…" }));
    const dialog = screen.getByRole("dialog");
    expect(await within(dialog).findByText("continue from step 40")).toBeDefined();
    expect(within(dialog).getByLabelText("The same on the command line").textContent).toBe("cairn resume 1c");
    await userEvent.click(within(dialog).getByRole("button", { name: "Resume" }));
    await screen.findByText("Resumed");
    expect(asked.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      { dry_run: true },
      { dry_run: false, expect: "failed" },
    ]);
  });
  it("says that there is no such run", async () => {
    showPage("/runs/none/graph", session);
    expect((await screen.findByRole("alert")).textContent).toContain("there is no /runs/none/states");
  });
});
