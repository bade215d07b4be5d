import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { showPage, type Answers } from "@/testing/page";
import "../plugins/Plugins";
import "../plugins/StageType";
import { summaryOf } from "./DiskByRun";
import "./System";

afterEach(() => {
  cleanup();
  window.location.hash = "";
});

const session: Answers = { "/session": { who: "admin", role: "admin" }, "/tokens": { tokens: [] } };
const at = "2026-11-26T18:00:00.000Z";
const disk = {
  artifacts: 12,
  artifact_bytes: 3_000_000,
  runs: [{ run: "1c", name: "<b>nightly</b>", status: "failed", bytes: 900_000, files: 31 }, { run: "1a", bytes: 1_000, files: 1 }],
  measured_runs: 3,
  measured_bytes: 1_000_000,
  unmeasured_runs: 1,
};

describe("System", () => {
  it("says in one line what runs take, and what was not measured", () => {
    expect(summaryOf(disk)).toBe("1.0 MB in 3 runs, beside 3.0 MB of 12 artifacts, which runs share; 1 older run not measured");
  });
  it("shows executors, and what each run takes, with the way to it", async () => {
    const resources = { cpus: 2, cpus_in_use: 1, memory_bytes: 8, memory_in_use: 1, gpus: 0, gpus_in_use: 0, running: 1, queued: 0 };
    const system = { version: "1", command: "cairn serve", pid: 7, started_at: at, state_dir: "/s", store_dir: "/s/store", resources, executors: [{ name: "local", attempts: 3 }] };
    showPage("/system", { ...session, "/system": system, "/system/disk": disk });
    expect((await screen.findByText("Executor local")).closest("dl")?.textContent).toContain("Executor local3 attempts");
    const region = screen.getByRole("region", { name: "Disk by run" });
    fireEvent.click(within(region).getByRole("button", { name: "Measure anew" }));
    const link = await within(region).findByRole("link", { name: "<b>nightly</b> 1c" });
    expect(link.getAttribute("href")).toContain("/runs/1c/graph");
    expect(within(region).getByRole("row", { name: /1a deleted/ })).toBeDefined();
    expect(within(region).getByText("The 2 that take most.")).toBeDefined();
  });
});

describe("Plugins", () => {
  const row = { name: "shell", doc: "Runs a command", library: "/p/a b.so", digest: "sha256:aa", revision: 1 };
  const failed = { passed: false, checked_at: at, checks: 9, failed: ["cancel: it goes on", "<i>"] };
  it("say what a check said last, and that there was none", async () => {
    showPage("/plugins", { ...session, "/plugins": { stage_types: [{ ...row, check: { passed: true, checked_at: at, checks: 9 } }, { ...row, name: "train", check: failed }, { ...row, name: "eval" }] } });
    const grid = await screen.findByRole("grid", { name: "Stage types" });
    const words = within(grid).getAllByRole("row").slice(1).map((one) => /passed|2 failed|not checked/.exec(one.textContent)?.[0]);
    expect(words).toEqual(["passed", "2 failed", "not checked"]);
  });
  it("name what failed, and the command that checks", async () => {
    showPage("/plugins/shell", { ...session, "/plugins/shell": { ...row, declaration: {}, check: failed } });
    const list = await screen.findByRole("list", { name: "Checks that failed" });
    expect(within(list).getAllByRole("listitem").map((one) => one.textContent.trim())).toEqual(["cancel: it goes on", "<i>"]);
    expect(screen.getByLabelText("Check it on the command line").textContent).toBe("cairn plugins check '/p/a b.so'");
  });
});
