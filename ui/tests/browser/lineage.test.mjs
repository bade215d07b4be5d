// The screens on which somebody looks back, in a real browser against a real server: a report and what
// each of its numbers was made from, artifacts with their files and records, two runs beside each other.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { longBytes, manyFiles, manyRecords, odd, reported, writeOdd, writePlaces } from "./reported.mjs";
import { greeting, hasFocus, heading, Scene, until } from "./scene.mjs";

const scene = new Scene();
const ids = {};
const folder = mkdtempSync(path.join(tmpdir(), "cairn-lineage-"));
const withPage = (...given) => scene.withPage(...given);
const goTo = (...given) => scene.goTo(...given);
const grid = (page, name) => page.getByRole("grid", { name, exact: true });
const drawer = (page) => page.getByRole("complementary");

// A run of real stages takes longer than a scene waits.
async function succeeded(id) {
  for (let turn = 0; turn < 4; ++turn) {
    const status = await scene.ended(id).catch(() => undefined);
    if (status) return assert.equal(status, "succeeded");
  }
  throw new Error(`${id} did not end`);
}

const submit = async (workflow) => (await scene.server.submit(workflow)).id;
const fork = async (run, stage, params) => (await scene.server.api("POST", `/runs/${run}/fork`, { stage, params })).id;

before(async () => {
  writePlaces(folder);
  writeOdd(folder);
  await scene.start();
  ids.report = await submit(reported(folder));
  ids.odd = await submit(odd(folder));
  ids.one = await submit(greeting("world"));
  ids.other = await submit(greeting("moon"));
  for (const id of Object.values(ids)) await succeeded(id);
  ids.left = await fork(ids.report, "rl", { rate: 1e-4 });
  ids.right = await fork(ids.report, "rl", { rate: 5e-3 });
});
after(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

// Clicks, and holds that each click led to a place of its own.
function walk(page) {
  const urls = new Set();
  return async (target, at) => {
    await target.click();
    await page.waitForURL(at);
    assert.ok(!urls.has(page.url()), `${page.url()} again`);
    urls.add(page.url());
    return urls.size;
  };
}

test("from a cell of the report to answer, sample, document, configuration and code in six clicks, each a URL", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.report}/report`);
    await page.getByRole("heading", { name: "A tiny report" }).waitFor();
    const click = walk(page);
    await click(page.getByRole("region", { name: "Scores" }).getByRole("row").nth(2).getByRole("link").nth(2), /at=eval_rl\.scores.*where=task/);
    await click(grid(page, "Records").getByRole("row").nth(1), /record=\d/);
    await drawer(page).getByRole("region", { name: "responses" }).waitFor();
    await click(drawer(page).getByRole("link", { name: /^Sample/ }), /at=curate\.heldout.*id=/);
    await drawer(page).getByRole("heading", { name: "Question" }).waitFor();
    await drawer(page).getByText(/of (it|them) evidence/).waitFor();
    await click(drawer(page).getByRole("navigation").getByRole("listitem").first().getByRole("link"), /at=corpus\.documents.*id=/);
    await drawer(page).getByText(/Inhabitants/).waitFor();
    await click(drawer(page).getByRole("link", { name: /configuration and code/ }), /lineage\?at=corpus\.documents/);
    await page.getByText("Configuration of corpus").waitFor();
    assert.equal(await click(page.getByRole("region", { name: "The artifact" }).getByRole("link", { name: "corpus", exact: true }).last(), /plugins\/corpus/), 6);
    await page.getByRole("heading", { level: 1, name: "corpus" }).waitFor();
    // Each of them says the same when it is opened anew.
    await page.goBack();
    await page.goBack();
    await page.reload();
    await drawer(page).getByText(/Inhabitants/).waitFor();
  });
});

test("from a document forwards to its questions and to what was answered", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.report}/artifacts?at=curate.heldout&number=0`);
    await drawer(page).getByRole("navigation").getByRole("listitem").first().getByRole("link").click();
    await page.waitForURL(/at=corpus\.documents/);
    await drawer(page).getByRole("link", { name: "general: qa" }).first().click();
    await page.waitForURL(/at=general\.qa.*q=/);
    await grid(page, "Records").getByRole("row").nth(1).click();
    await drawer(page).getByRole("heading", { name: "Question" }).waitFor();
    await goTo(page, `/runs/${ids.report}/artifacts?at=curate.heldout&number=3`);
    await drawer(page).getByRole("link", { name: "eval_rl: scores" }).first().click();
    await page.waitForURL(/at=eval_rl\.scores.*id=/);
    await drawer(page).getByText("score", { exact: true }).waitFor();
  });
});

test("a report has its result, an interval for each number, and steps that lead to their rollouts", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.report}/report`);
    await page.getByRole("region", { name: "Result" }).getByText(/points/).waitFor();
    const { evaluations } = await (await fetch(`${scene.server.url}/api/v1/artifacts/${await digestOf(ids.report, "report", "report")}/content?file=report.json`, { headers: { Authorization: `Bearer ${scene.server.token}` } })).json();
    const row = page.getByRole("region", { name: "Scores" }).getByRole("row").filter({ hasText: "RL" });
    const { mean, ci95 } = evaluations[1].average;
    const percent = (value) => (value * 100).toFixed(1);
    await row.waitFor();
    assert.match(await row.innerText(), new RegExp(`${percent(mean)}\\s+${percent(ci95[0])} – ${percent(ci95[1])}`));
    await page.getByText("Every step as a table").click();
    await page.getByRole("region", { name: "Steps of RL" }).getByRole("link", { name: "2", exact: true }).click();
    await page.waitForURL(/rollouts\?.*step_min=2/);
    await grid(page, "Rollouts").getByRole("row").nth(1).waitFor();
    await goTo(page, `/runs/${ids.one}/report`);
    await page.getByText("No report yet").waitFor();
  });
});

async function digestOf(run, task, name) {
  const { artifacts } = await scene.server.api("GET", `/runs/${run}/artifacts?limit=1000`);
  return artifacts.find((one) => one.task === task && one.name === name).digest;
}

test("artifacts lead to their lineage, and every hop is a URL", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/artifacts`);
    await grid(page, "Artifacts").getByText("size", { exact: true }).click();
    await page.getByRole("link", { name: "count", exact: true }).waitFor();
    await page.getByRole("link", { name: "Lineage", exact: true }).last().click();
    await page.getByRole("region", { name: "Made from" }).getByRole("link", { name: "words.words" }).click();
    await page.waitForURL(/lineage\?at=words\.words/);
    await page.getByRole("region", { name: "Used by" }).getByRole("link", { name: "count.size" }).waitFor();
    await page.reload();
    await page.getByText("echo hello $WHO > words.txt", { exact: true }).waitFor();
    await page.getByRole("link", { name: "shell", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "shell" }).waitFor();
  });
});

test("an artifact says which stage and run made it, and a digest alone leads there", async () => {
  await withPage({}, async (page) => {
    const digest = await digestOf(ids.report, "curate", "heldout");
    await goTo(page, `/records/${digest}?run=${ids.report}&number=1`);
    await page.waitForURL(/artifacts\?.*at=curate\.heldout/);
    await drawer(page).getByRole("heading", { name: "Question" }).waitFor();
    await page.getByRole("link", { name: "curate", exact: true }).click();
    await page.waitForURL(/graph\?stage=curate/);
    await goTo(page, `/records/${digest}`);
    await page.getByRole("heading", { level: 1, name: "Artifact" }).waitFor();
    await grid(page, "Records").getByRole("row").nth(1).waitFor();
  });
});

test("thousands of files are a list that is searched, each shown as what it is", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.odd}/artifacts?at=odd.files`);
    const files = grid(page, "Files");
    await files.getByText("hostile.jsonl").waitFor();
    assert.ok((await files.getByRole("row").count()) < 60);
    await files.getByText("<img src=x onerror=alert(1)>.txt").waitFor();
    await files.getByText("blob.bin").click();
    const bytes = page.getByRole("region", { name: "Bytes" });
    await bytes.getByText("000000").waitFor();
    assert.match(await bytes.innerText(), /000000 {2}00 01 02 ff 41 42 .*····AB/);
    await page.getByLabel("Search files").fill("txt.exe");
    await files.getByText("U+202E").waitFor();
    await page.getByLabel("Search files").fill("1499");
    await files.getByText("parts/1499.txt").click();
    await page.getByRole("region", { name: "Text" }).getByText("1499").waitFor();
    await page.getByLabel("Search files").fill(".safetensors");
    await files.getByText("weights.safetensors").click();
    await grid(page, "Tensors").getByRole("row").nth(1).waitFor();
    assert.match(await grid(page, "Tensors").getByRole("row").nth(1).innerText(), /<b>layer<\/b>\.w\s+BF16\s+2 × 3\s+6\s+12 B/);
    await files.getByText("liar.safetensors").click();
    await page.getByText("longer than the file").waitFor();
    const { digest } = (await scene.server.api("GET", `/runs/${ids.odd}/artifacts`)).artifacts.find((one) => one.name === "files");
    assert.equal((await scene.server.api("GET", `/artifacts/${digest}?limit=1000`)).files.length, 1000);
    assert.ok(manyFiles > 1000);
  });
});

test("hostile records are text, and what is no record says why", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.odd}/artifacts?at=odd.files&file=hostile.jsonl`);
    const records = grid(page, "Records");
    await records.getByText("after all of them").waitFor();
    const rows = await records.getByRole("row").allInnerTexts();
    assert.match(rows[1], /<script>alert\(1\)<\/script>/);
    assert.match(rows[3], /10\.0 MB in one line/);
    await records.getByRole("row").nth(1).click();
    await drawer(page).getByText("<img src=x onerror=alert(1)>", { exact: false }).first().waitFor();
    await drawer(page).getByText("U+202E").first().waitFor();
    await drawer(page).getByText("</pre><script>alert(1)</script>", { exact: false }).first().waitFor();
    await drawer(page).getByRole("button", { name: "JSON" }).click();
    await drawer(page).getByRole("region", { name: "The record as JSON" }).waitFor();
    for (const at of [2, 4, 5]) {
      const before = page.url();
      await records.getByRole("row").nth(at).click();
      await page.waitForURL((url) => url.href !== before);
      await until(async () => assert.match(await drawer(page).getByRole("alert").innerText(), /is no record: .*byte \d/));
      await drawer(page).getByRole("link", { name: "Download the file" }).waitFor();
    }
    await records.getByRole("row").nth(3).click();
    const text = drawer(page).getByRole("region", { name: "text" });
    await text.waitFor();
    await drawer(page).getByText(/9,9\d\d,\d\d\d characters more/).waitFor();
    assert.ok((await text.innerText()).length < longBytes / 100);
    await drawer(page).getByRole("button", { name: "Show more" }).click();
    await drawer(page).getByText(/9,9\d\d,\d\d\d characters more/).waitFor();
    assert.equal(await page.evaluate(() => document.querySelectorAll("main script, main img").length), 0);
  });
});

test("a million records open at once, and any of them is found by number, id and text", async () => {
  await withPage({}, async (page) => {
    const place = `/runs/${ids.odd}/artifacts?at=odd.million&as=records`;
    await goTo(page, place);
    await grid(page, "Records").getByText("r0", { exact: true }).waitFor();
    await page.getByText(`${manyRecords.toLocaleString("en")} records in all`).waitFor();
    assert.ok((await grid(page, "Records").getByRole("row").count()) < 80);
    await goTo(page, `${place}&number=765432`);
    await drawer(page).getByRole("heading", { name: "r765432" }).waitFor();
    await goTo(page, `${place}&id=r999999`);
    await drawer(page).getByRole("heading", { name: "r999999" }).waitFor();
    await goTo(page, `${place}&id=nobody`);
    await drawer(page).getByRole("alert").getByText("no record with the id 'nobody'", { exact: false }).waitFor();
    await goTo(page, `${place}&number=${manyRecords}`);
    await page.getByText("There is no such record").waitFor();
    await goTo(page, place);
    await page.getByLabel("Search records").fill("r888888");
    for (;;) {
      const found = grid(page, "Records").getByText("r888888");
      const on = page.getByRole("button", { name: "Search on" });
      await found.or(on).first().waitFor();
      if (await found.isVisible()) break;
      await on.click({ timeout: 2_000 }).catch(() => undefined);
    }
  });
});

test("two runs: the stage at which they part, their texts beside each other", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/compare/${ids.one}/${ids.other}`);
    await page.getByText("They part at").waitFor();
    await page.getByRole("link", { name: "words", exact: true }).waitFor();
    await page.getByText("Neither is made of the other.").waitFor();
    await page.getByRole("link", { name: "Workflow" }).click();
    await page.locator(".cm-merge-b .cm-changedLine").first().waitFor();
    assert.match(await page.locator(".cm-merge-b .cm-changedLine").first().innerText(), /moon/);
    await page.getByRole("link", { name: "Scores" }).click();
    await page.getByText("No evaluation that both have").waitFor();
  });
});

test("two forks of one run: where they part, curves over each other, scores in pairs with their interval", async () => {
  await succeeded(ids.left);
  await succeeded(ids.right);
  await withPage({}, async (page) => {
    await goTo(page, `/compare/${ids.left}/${ids.right}`);
    await page.getByText("Both are made of").getByRole("link", { name: ids.report }).waitFor();
    const first = page.getByText("They part at");
    await first.waitFor();
    assert.match(await first.locator("..").innerText(), /They part at rl:.*stage params rl\.learning_rate/s);
    await page.getByRole("button", { name: /^params/ }).click();
    await until(async () => assert.match(await grid(page, "Differences").getByRole("row").nth(1).innerText(), /rate\s+1\.000e-4\s+0\.005/));
    await page.getByRole("link", { name: "Metrics", exact: true }).click();
    const panel = page.getByRole("region", { name: "reward_mean" });
    await panel.getByText("4 points").waitFor();
    for (const id of [ids.left, ids.right]) await panel.getByText(`${id}/rl`).waitFor();
    await page.getByRole("link", { name: "Scores", exact: true }).click();
    const scores = page.getByRole("region", { name: "Scores" });
    const row = scores.getByRole("row").filter({ hasText: /^RL/ });
    assert.match(await row.innerText(), /all\s+24\s+[\d.]+\s+[\d.]+\s+[+−][\d.]+\s+[+−][\d.]+ to [+−][\d.]+/);
    assert.match(await scores.getByRole("row").filter({ hasText: /^base/ }).innerText(), /the same/);
    await row.getByRole("link").nth(1).click();
    await page.waitForURL(new RegExp(`${ids.right}/artifacts\\?.*at=eval_rl\\.scores`));
  });
});

test("with the keyboard alone: an artifact, a record, its hops, and back", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.report}/artifacts`);
    await grid(page, "Artifacts").getByRole("row").nth(1).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/at=corpus\.documents/);
    const rows = grid(page, "Records").locator("[data-index]");
    await rows.first().waitFor();
    await page.keyboard.press("/");
    await hasFocus(page.getByLabel("Search records"));
    await page.keyboard.type("Ambra");
    await page.waitForURL(/q=Ambra/);
    await page.keyboard.press("Escape");
    // What was found stands there: one of six places lies on that river.
    await until(async () => assert.ok(Number(await grid(page, "Records").getAttribute("aria-rowcount")) < 40));
    await rows.first().waitFor();
    await rows.first().focus();
    await page.keyboard.press("j");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-index") === "1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/record=/);
    await page.waitForFunction(() => document.activeElement?.tagName === "ASIDE");
    await drawer(page).getByRole("link", { name: /configuration and code/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await hasFocus(drawer(page).getByRole("link", { name: /configuration and code/ }));
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.hash.includes("record="));
  });
});

test("a server that is killed and comes back under the page: nothing is lost, and looking goes on", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.report}/artifacts?at=curate.heldout&number=2`);
    await drawer(page).getByRole("heading", { name: "Question" }).waitFor();
    // All of it: to where it came from, and to what was made of it.
    await drawer(page).getByRole("link", { name: /configuration and code/ }).waitFor();
    await drawer(page).getByRole("link", { name: "eval_rl: scores" }).first().waitFor();
    await drawer(page).getByRole("navigation").getByRole("listitem").first().getByRole("link").waitFor();
    const before = await drawer(page).innerText();
    const same = async () => assert.equal(await drawer(page).innerText(), before);
    await scene.server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await same();
    await scene.server.start();
    await page.getByText("live", { exact: true }).waitFor();
    await until(same);
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("tab", { name: "Report" }).or(page.getByRole("link", { name: "Report", exact: true })).first().click();
    await page.getByRole("heading", { name: "A tiny report" }).waitFor();
  });
});

// A place, and what is seen once it is there.
const places = () => [
  [`/compare/${ids.one}/${ids.other}`, "They part at"],
  [`/compare/${ids.one}/${ids.other}?view=workflow`, "moon"],
  [`/compare/${ids.left}/${ids.right}?view=metrics`, "reward_mean"],
  [`/compare/${ids.left}/${ids.right}?view=scores`, "the same"],
  [`/runs/${ids.report}/artifacts`, "eval_base"],
  [`/runs/${ids.report}/artifacts?at=curate.heldout&number=0`, "Question"],
  [`/runs/${ids.report}/artifacts?at=rl.model`, "embed_tokens"],
  [`/runs/${ids.odd}/artifacts?at=odd.files&file=hostile.jsonl`, "after all of them"],
  [`/runs/${ids.report}/lineage?at=eval_rl.scores`, "Configuration of eval_rl"],
  [`/runs/${ids.report}/report`, "A tiny report"],
];

async function see(page, [place, what]) {
  await goTo(page, place);
  await heading(page);
  await page.getByText(what, { exact: false }).filter({ visible: true }).first().waitFor();
}

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await withPage({ theme }, async (page) => {
      const findings = [];
      for (const place of places()) {
        await see(page, place);
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${place[0]}: ${line}`));
      }
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels", async () => {
  await withPage({ width: 360, height: 740 }, async (page) => {
    for (const place of places()) {
      await see(page, place);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place[0]} is ${wide} pixels wide`);
    }
  });
});
