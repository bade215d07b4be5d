import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { showPage, type Answers } from "@/testing/page";
// Screens that are loaded when they are first shown: before the clock of the first test runs.
import "../run/Run";
import "./ArtifactsTab";
import "./ByDigest";

afterEach(() => {
  cleanup();
  window.location.hash = "";
});

const at = "2026-11-26T18:00:00.000Z";
const documents = { run: "1", task: "corpus", output: "documents", kind: "documents", digest: "sha256:dd", uses: "corpus" };
const samples = { run: "1", task: "curate", output: "qa", kind: "qa", digest: "sha256:qq", uses: "filtering", inputs: [documents], reused_from: "0/curate" };
const record = {
  id: "s-1",
  question: "How many <i>?",
  answer: ["17"],
  documents: [
    { id: "d/1", title: "One", text: "Count: 17", role: "evidence" },
    { id: "d/2", title: "Two", text: "Else", role: "distractor" },
  ],
  provenance: { sql: "SELECT ?1", parameters: ["d/1"], sources: ["d/1", "d/2"], chain: [{ document: "d/1", subject: "One", relation: "Count", object: "17" }] },
};
const line = { number: 0, offset: 0, end: 90, record };
const row = (task: string, name: string, kind: string, digest: string) => ({ task, name, kind, digest, bytes: 1, cached: false });
const answers: Answers = {
  "/session": { role: "viewer" },
  "/runs/1": { id: "1", name: "mini", workflow: "w", status: "succeeded", created_at: at, started_at: at, finished_at: at, seed: 0, stages: [] },
  "/runs/1/states": { sequence: 1, revision: 0, status: "succeeded", started_at: at, finished_at: at, tasks: { total: 1 }, stages: "", task_states: [] },
  "/runs/1/structure": { stages: [] },
  "/runs/1/artifacts": { artifacts: [row("corpus", "documents", "documents", "sha256:dd"), row("curate", "qa", "qa", "sha256:qq"), row("sft", "model", "model", "sha256:mm")] },
  "/runs/1/lineage": {
    artifact: samples,
    consumers: [{ run: "1", task: "eval", port: "dataset", uses: "eval", cached: false, outputs: [{ name: "scores", kind: "scores", digest: "sha256:ss" }] }],
  },
  "/artifacts/sha256:qq": { digest: "sha256:qq", folder: false, files: [{ name: "", bytes: 100 }], next: null },
  "/artifacts/sha256:qq/records": { digest: "sha256:qq", size: 100, lines: 2, records: [line, { number: 1, offset: 90, end: 100, error: "no JSON" }], next: null, searched: 100 },
  "/artifacts/sha256:qq/records/0": line,
};
const href = (link: HTMLElement) => decodeURIComponent(link.getAttribute("href") ?? "");

describe("an artifact", () => {
  it("says which stage of which run made it, and lists what is in it", async () => {
    showPage("/runs/1/artifacts?at=curate.qa", answers);
    const grid = await screen.findByRole("grid", { name: "Records" });
    expect(within(grid).getByText("no JSON")).toBeDefined();
    expect(href(screen.getByRole("link", { name: "curate" }))).toContain("/runs/1/graph?stage=curate");
    expect(href(screen.getByRole("link", { name: "0/curate" }))).toContain("/runs/0/artifacts?at=curate.qa");
    fireEvent.click(within(grid).getAllByRole("row")[1] as Element);
    await waitFor(() => expect(location.hash).toContain("record=0"));
  });
  it("shows a question with path, query, evidence and distractors, and the ways back and on", async () => {
    showPage("/runs/1/artifacts?at=curate.qa&record=0", answers);
    const drawer = await screen.findByRole("complementary");
    await within(drawer).findByText("How many <i>?");
    expect(within(drawer).getByText("SELECT ?1")).toBeDefined();
    expect(within(drawer).getByText("2 documents, 1 of them evidence")).toBeDefined();
    const [source] = within(drawer).getAllByRole("link", { name: "d/1" });
    expect(href(source as HTMLElement)).toContain("/runs/1/artifacts?at=corpus.documents&id=d/1");
    expect(href(within(drawer).getByRole("link", { name: "eval: scores" }))).toContain("at=eval.scores&id=s-1");
    expect(href(within(drawer).getByRole("link", { name: /configuration and code/ }))).toContain("/lineage?at=curate.qa");
  });
  it("finds a record by its id, and says where there is none", async () => {
    const { asked } = showPage("/runs/1/artifacts?at=curate.qa&id=s-1", answers);
    await screen.findByText("How many <i>?", { selector: "aside *" });
    expect(asked.some((one) => one.query.get("id") === "s-1")).toBe(true);
    cleanup();
    showPage("/runs/1/artifacts?at=curate.qa&id=none", { ...answers, "/artifacts/sha256:qq/records": { digest: "sha256:qq", size: 100, lines: 0, records: [], next: null, searched: 100 } });
    expect(await screen.findByText("There is no such record")).toBeDefined();
  });
  it("says how many records there are once they are counted", async () => {
    const page = { digest: "sha256:qq", size: 100, lines: null, records: [line], next: null, searched: 100 };
    let asked = 0;
    showPage("/runs/1/artifacts?at=curate.qa", {
      ...answers,
      get "/artifacts/sha256:qq/records"() {
        return ++asked < 3 ? page : { ...page, lines: 1234567 };
      },
    });
    await screen.findByText("1,234,567 records in all");
  });
  it("is filtered by members on the server", async () => {
    const { asked } = showPage("/runs/1/artifacts?at=curate.qa", answers);
    await userEvent.type(await screen.findByLabelText(/MEMBER=VALUE/), "task=multihop{Enter}");
    await waitFor(() => expect(asked.some((one) => one.query.get("where") === "task=multihop")).toBe(true));
    expect(location.hash).toContain("where=task%3Dmultihop");
  });
  it("that a digest alone names is looked at in the run that made it", async () => {
    showPage("/records/sha256:qq?run=1&id=s-1", answers);
    await waitFor(() => expect(decodeURIComponent(location.hash)).toBe("#/runs/1/artifacts?id=s-1&at=curate.qa"));
    cleanup();
    showPage("/records/sha256:qq", answers);
    await screen.findByRole("heading", { level: 1, name: "Artifact" });
    expect(await screen.findByRole("grid", { name: "Records" })).toBeDefined();
  });
  it("of many files is a list that goes on, each file with its content", async () => {
    const model = { ...samples, task: "sft", output: "model", kind: "model", digest: "sha256:mm" };
    const files = [{ name: "config.json", bytes: 2 }, { name: "model.safetensors", bytes: 200 }];
    const json = new TextEncoder().encode(JSON.stringify({ "layer.w": { dtype: "BF16", shape: [2, 3], data_offsets: [0, 12] } }));
    const bytes = new Uint8Array(8 + json.length);
    bytes[0] = json.length;
    bytes.set(json, 8);
    const { asked } = showPage("/runs/1/artifacts?at=sft.model", {
      ...answers,
      "/runs/1/lineage": { artifact: model },
      "/artifacts/sha256:mm": { digest: "sha256:mm", folder: true, files, next: null },
      "/artifacts/sha256:mm/content": new Response(bytes),
    });
    const grid = await screen.findByRole("grid", { name: "Tensors" });
    expect(within(grid).getAllByRole("row")[1]?.textContent).toBe("layer.wBF162 × 3612 B");
    expect(asked.find((one) => one.path.endsWith("/content"))?.headers.get("Range")).toBe("bytes=0-199");
    fireEvent.click(within(screen.getByRole("grid", { name: "Files" })).getByText("config.json"));
    await waitFor(() => expect(location.hash).toContain("file=config.json"));
    expect(await screen.findByRole("region", { name: "Bytes" })).toBeDefined();
  });
});
