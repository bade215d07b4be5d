// The tabs Metrics, Logs and Rollouts over a million points of eight metrics, a log of 1 GB with a line
// of 100 MB, a million rollouts and one of 60,000 tokens: what the numbers say of them. By hand,
// on a quiet machine; the files, 2 GB, go to the temporary folder and are removed.
import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openPage, signIn } from "./browser.mjs";
import { framesOf } from "./frames.mjs";
import { messages, metric, stage, workflow, writeRollouts } from "./made.mjs";
import { Scene } from "./scene.mjs";

const steps = 1_000_000;
const names = Array.from({ length: 8 }, (_, at) => `train/metric_${at}`);
const logBytes = 1_000_000_000;
const longLine = 100_000_000;
const rolloutCount = 1_000_000;
const longTokens = 60_000;

const scene = new Scene();
const folder = mkdtempSync(path.join(tmpdir(), "cairn-scale-"));
const numbers = [];
let run;
let longAt;

// Text in pieces of some megabytes.
function write(file, pieces) {
  const out = openSync(file, "w");
  let held = "";
  for (const piece of pieces) {
    held += piece;
    if (held.length < 4 << 20) continue;
    writeSync(out, held);
    held = "";
  }
  writeSync(out, held);
  closeSync(out);
}

function* points() {
  for (let step = 0; step < steps; ++step)
    for (const name of names) yield `{"name":"${name}","step":${step},"value":${(Math.sin(step / 1000) + (step % 7)).toFixed(4)}}\n`;
}

function* logLines() {
  let line = 0;
  for (let written = 0; written < logBytes; ) {
    if (longAt === undefined && written > logBytes / 2) {
      longAt = ++line;
      for (let part = 0; part < 100; ++part) yield "x".repeat(longLine / 100);
      yield "\n";
      written += longLine;
    }
    const text = `step ${++line} loss 0.6931 reward 0.25 tokens 40960 seconds 1.25 memory 61.5 GiB of 80\n`;
    written += text.length;
    yield text;
  }
}

const samples = ["dialogue-1", "multihop-1", "multihop-2", "reading-1"].map((id, record) => ({ id, task: id.split("-")[0], record, prompt_tokens: 20 }));
function* rollouts() {
  for (let at = 0; at < rolloutCount; ++at) {
    yield {
      step: Math.floor(at / 1024) + 1,
      sample: Math.floor(at / 8) % 4,
      index: at % 8,
      reward: ((at * 7919) % 1000) / 1000,
      advantage: ((at * 104729) % 4001) / 1000 - 2,
      entropy: ((at * 31) % 997) / 1000,
      tokens: (at * 31) % 4096,
      response: `Rollout ${at} thinks about it. The answer is ${at % 97}`,
    };
  }
  const pieces = Array.from({ length: longTokens }, (_, at) => (at === 45_000 ? " haystack" : ` w${at % 1000}`));
  const tokenData = { pieces, logprob: (at) => -(at % 5), entropy: (at) => (at % 7) / 2 };
  yield { step: Math.floor(rolloutCount / 1024) + 2, sample: 0, index: 0, reward: 1, advantage: 0, entropy: 0.5, tokens: longTokens, response: pieces.join(""), tokenData };
}

before(async () => {
  await scene.start();
  const { server } = scene;
  writeRollouts(path.join(folder, "made"), samples, rollouts());
  const said = messages(path.join(folder, "said"), [metric("first", 1, 1)]);
  const text = workflow("scale", stage("train", { say: said }), stage("rl", { copy: path.join(folder, "made") }, { output: "rollouts" }));
  run = (await server.submit(text)).id;
  for (let status; status !== "succeeded"; ) {
    ({ status } = await server.api("GET", `/runs/${run}`));
    assert.notEqual(status, "failed");
    await new Promise((done) => setTimeout(done, 500));
  }
  await server.end("SIGTERM");
  const attempt = path.join(server.state, "store/runs", run, "train/attempt-1");
  mkdirSync(attempt, { recursive: true });
  write(path.join(attempt, "metrics.jsonl"), points());
  write(path.join(attempt, "output.log"), logLines());
  await server.start();
});
after(async () => {
  console.table(Object.fromEntries(numbers.map(([what, value, limit]) => [what, { measured: value, limit }])));
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

// Each is printed, and must keep its limit.
function holds(what, value, limit, keeps = value < limit) {
  numbers.push([what, Math.round(value * 10) / 10, limit]);
  return () => assert.ok(keeps, `${what}: ${value}, limit ${limit}`);
}

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${scene.server.pid}/status`, "utf8"))[1]) / 1024;

// A page that shows the run; what is measured begins on it.
async function onPage(body) {
  const { page, faults, close } = await openPage(scene.browser, scene.server);
  await signIn(page, scene.server);
  await scene.goTo(page, `/runs/${run}/config`);
  await page.getByRole("heading", { level: 1, name: "scale" }).waitFor();
  await page.getByText("live", { exact: true }).waitFor();
  await body(page);
  assert.deepEqual(faults, []);
  await close();
}

async function timed(act) {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
}

test("a million points of eight metrics", async () => {
  const series = `/runs/${run}/stages/train/series?name=${encodeURIComponent(names[0])}&width=600`;
  const index = await timed(async () => {
    while ((await scene.server.api("GET", series)).counting);
  });
  numbers.push(["metrics: read for the first time, ms", Math.round(index), "–"]);
  await onPage(async (page) => {
    const answers = [];
    page.on("response", (response) => response.url().includes("/series?") && answers.push(response.json()));
    const open = () => scene.goTo(page, `/runs/${run}/metrics?of=train`);
    await open(); // loads what draws charts
    await page.locator("canvas").first().waitFor();
    await scene.goTo(page, `/runs/${run}/config`);
    const first = await timed(async () => {
      await scene.goTo(page, `/runs/${run}/metrics?of=train&smooth=2`);
      await page.locator("canvas").first().waitFor();
    });
    const { width } = await page.locator("canvas").first().boundingBox();
    let most = 0;
    for (const { series: found } of await Promise.all(answers)) {
      const { buckets } = found[0];
      most = Math.max(most, ["first", "last", "min", "max"].reduce((sum, name) => sum + buckets[name].length, 0));
    }
    const zoom = await timed(async () => {
      await page.getByRole("application").first().press("+");
      await page.getByText(/500,00\d points/).first().waitFor();
    });
    for (const check of [
      holds("metrics: first paint, ms", first, 500),
      holds("metrics: numbers sent for each pixel", most / width, 4, most <= 4 * width),
      holds("metrics: a zoom, ms", zoom, 500),
    ])
      check();
  });
});

test("a log of 1 GB, one line of it 100 MB", async () => {
  await onPage(async (page) => {
    const before = rss();
    const place = `/runs/${run}/logs?of=train&source=output`;
    const lines = page.getByRole("region", { name: /^Output of/ });
    const open = await timed(async () => {
      await scene.goTo(page, place);
      await lines.getByText(/^step \d+ loss/).last().waitFor();
    });
    const home = await timed(async () => {
      await lines.press("Home");
      await lines.getByText("step 1 loss", { exact: false }).first().waitFor();
    });
    const end = await timed(async () => {
      await lines.press("End");
      await lines.getByText("step 1 loss").waitFor({ state: "detached" });
      await page.waitForFunction(() => {
        const box = document.querySelector('[role="region"][aria-label^="Output"]');
        return box.scrollHeight - box.clientHeight - box.scrollTop < 8;
      });
    });
    const long = await timed(async () => {
      await scene.goTo(page, `${place}&line=${longAt}`);
      await page.getByText(/in all, show all/).waitFor();
    });
    const grown = rss() - before;
    for (const check of [
      holds("log: open at its end, ms", open, 1_000),
      holds("log: Home, ms", home, 1_000),
      holds("log: End, ms", end, 1_000),
      holds("log: the line of 100 MB, ms", long, 2_000),
      holds("log: the server grows by, MB", grown, 50),
    ])
      check();
  });
});

test("a million rollouts, and one of 60,000 tokens", async () => {
  await onPage(async (page) => {
    await scene.server.api("GET", `/runs/${run}/stages/rl/rollouts?limit=1`);
    const grid = page.getByRole("grid", { name: "Rollouts" });
    const open = await timed(async () => {
      await scene.goTo(page, `/runs/${run}/rollouts?of=rl`);
      await grid.locator("[data-index]").first().waitFor();
    });
    await grid.hover();
    const frames = await framesOf(page, async () => {
      for (let turn = 0; turn < 60; ++turn) await page.mouse.wheel(0, 400);
    });
    const sort = await timed(async () => {
      await page.getByRole("button", { name: /^Tokens/ }).click();
      await grid.getByRole("row").nth(1).getByText("60,000").waitFor();
    });
    const token = page.getByRole("application").locator("[data-at]");
    const sample = await timed(async () => {
      await scene.goTo(page, `/runs/${run}/rollouts/${rolloutCount}?of=rl&view=tokens`);
      await token.first().waitFor();
    });
    await page.getByRole("application").hover();
    const moved = await framesOf(page, async () => {
      for (let turn = 0; turn < 60; ++turn) await page.mouse.wheel(0, 400);
    });
    await scene.goTo(page, `/runs/${run}/rollouts?of=rl&q=haystack`);
    const hit = page.getByRole("link", { name: /dialogue-1/ });
    const search = await timed(() => hit.waitFor({ timeout: 60_000 }));
    const jump = await timed(async () => {
      await hit.click();
      await page.getByText("▸").waitFor();
    });
    const link = await timed(async () => {
      await page.getByRole("button", { name: "Tokens", exact: true }).click();
      await token.getByText("haystack").waitFor();
    });
    const median = (all) => all[all.length >> 1];
    numbers.push(["rollouts: search over all of them, ms", Math.round(search), "–"]);
    for (const check of [
      holds("rollouts: open, ms", open, 1_000),
      holds("rollouts: frames/s while the list scrolls", 1_000 / median(frames), 30, median(frames) < 34),
      holds("rollouts: sort a million, ms", sort, 1_000),
      holds("sample of 60,000 tokens: open, ms", sample, 1_000),
      holds("sample: frames/s while it scrolls", 1_000 / median(moved), 30, median(moved) < 34),
      holds("search hit: jump into the text, ms", jump, 1_000),
      holds("search hit: to its token, ms", link, 1_000),
    ])
      check();
  });
});
