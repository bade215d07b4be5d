// The tab Rollouts in a real browser against a real server: lists, groups, tokens, turns, search, keys
// and addresses, over rollouts in the format of docs/rollouts.md, hostile ones among them.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { stage, workflow, writeRollouts } from "./made.mjs";
import { hasFocus, Scene, until } from "./scene.mjs";

const scene = new Scene();
const folder = mkdtempSync(path.join(tmpdir(), "cairn-rollouts-"));
const file = (name) => path.join(folder, name);
let run;

const hostileId = "<img src=x onerror=alert(1)>";
const samples = [
  { id: hostileId, task: "<i>task</i>", record: 2, prompt_tokens: 12 },
  { id: "q-1", task: "multihop", record: 0, prompt_tokens: 90 },
  { id: "q-2", task: "numerical", record: 1, prompt_tokens: 70 },
];
const question = (id, text) => ({
  id,
  task: "reading",
  question_type: "lookup",
  domain: "general",
  question: text,
  answer: ["17"],
  format_instruction: "Say: The answer is X.",
  documents: [{ id: "d1", title: "Boxes", text: "Box: 17", role: "evidence" }],
});
const hostileText = "<script>alert(2)</script> \u202Eturned\u202C zero\u200Bwidth \u001b[31mred\u0007 \u0000 {not json";
const words = (text) => text.match(/\s*\S+/g) ?? [];
const tokensOf = (text, more = {}) => {
  const pieces = [...words(text), Buffer.from([0xe2, 0x82]), "<|im_end|>"];
  return {
    pieces,
    logprob: (at) => -[0.01, 0.2, 1, 3, 9][at % 5],
    entropy: (at) => [0.01, 0.2, 0.7, 1.5, 3][at % 5],
    counts: (at) => at !== 1,
    special: (at) => at === pieces.length - 1,
    ...more,
  };
};

function* rollouts() {
  for (let step = 1; step <= 6; ++step)
    for (const sample of [1, 0, 2])
      for (let index = 0; index < 4; ++index) {
        const right = (step + sample + index) % 4 === 0;
        const response = sample === 0 && index === 0 ? hostileText : `Step ${step} thinks about it, try ${index}. The answer is ${right ? 17 : index}`;
        yield {
          step,
          sample,
          index,
          reward: right ? 1 : 0,
          advantage: right ? 1.5 : -0.5,
          entropy: 0.1 * (index + 1),
          tokens: words(response).length + 2,
          response,
          answer: String(right ? 17 : index),
          truncated: index === 3,
          ...(index === 2 && { votes: [{ verifier: "<b>one</b>", verdict: right ? "right" : "wrong", answer: "17" }] }),
          ...(index !== 3 && { tokenData: tokensOf(response, sample === 2 ? { reference: () => -2 } : {}) }),
        };
      }
  const long = Array.from({ length: 6_000 }, (_, at) => (at === 5_000 ? "haystack" : `w${at}`)).join(" ");
  yield { step: 7, sample: 1, index: 0, reward: 0.5, advantage: 0, entropy: 0.2, tokens: 6_002, response: long, tokenData: tokensOf(long) };
}
const turn = (chunk, memory, more = {}) => ({ chunk, documents: [`d${chunk}`], memory, plan: `read on at ${chunk}`, memory_cut: false, prompt_tokens: 100, tokens: 5, finish: "stop", ...more });
const remembering = [
  {
    step: 1, sample: 1, index: 0, reward: 1, advantage: 0, entropy: 0.1, tokens: 15, response: "The answer is 17", answer: "17",
    turns: [turn(1, "seventeen boxes"), turn(2, "seventeen boxes, all red", { memory_cut: true }), { prompt_tokens: 40, tokens: 5, finish: "stop" }],
    tokenData: tokensOf("The answer is 17", { turns: [2, 1, 3] }),
  },
  ...[1, 2].map((index) => ({
    step: 1, sample: 1, index, reward: 0, advantage: -0.5, entropy: 0.1, tokens: 15, response: "The answer is 3", answer: "3",
    turns: [turn(1, "seventeen boxes"), turn(2, index === 1 ? "three boxes" : "<b>three</b> boxes"), { prompt_tokens: 40, tokens: 5, finish: "stop" }],
  })),
];

before(async () => {
  await scene.start();
  writeFileSync(file("qa.jsonl"), [["q-1", "How many boxes?"], ["q-2", "Which number?"], [hostileId, "<script>alert(5)</script>?"]].map(([id, text]) => `${JSON.stringify(question(id, text))}\n`).join(""));
  writeRollouts(file("trained"), samples, rollouts());
  writeRollouts(file("remembered"), samples, remembering);
  const made = { output: "rollouts", dataset: "questions.artifact" };
  const text = workflow(
    "rollouts",
    `  questions: {uses: import, with: {path: ${JSON.stringify(file("qa.jsonl"))}, kind: qa}}\n`,
    stage("rl", { copy: file("trained") }, made),
    stage("memory", { copy: file("remembered") }, made),
  );
  run = (await scene.server.submit(text)).id;
  assert.equal(await scene.ended(run), "succeeded");
});
after(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (page, rest = "?of=rl") => scene.goTo(page, `/runs/${run}/rollouts${rest}`);
const grid = (page) => page.getByRole("grid", { name: "Rollouts" });
const group = (step, sample, more = "") => `/group?of=rl&step=${step}&sample=${encodeURIComponent(sample)}${more}`;
const tones = (locator) => locator.locator("[data-at]").evaluateAll((all) => all.map((one) => /t-([a-z0-9]+)/.exec(one.className)?.[1]));

test("rollouts are listed, sorted and filtered by the server, in the address", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByText("73 rollouts in steps 1–7").waitFor();
    await grid(page).getByRole("row").nth(12).waitFor();
    await page.getByRole("button", { name: /^Tokens/ }).click();
    await page.waitForURL(/sort=-tokens/);
    await grid(page).getByRole("row").nth(1).getByText("6,002").waitFor();
    await page.getByLabel("Reward from").fill("1");
    await page.keyboard.press("Enter");
    await page.waitForURL(/reward_min=1/);
    await grid(page).getByText("6,002").waitFor({ state: "detached" });
    await until(async () => assert.equal(await grid(page).getAttribute("aria-rowcount"), String(6 * 3 + 1)));
    await page.getByLabel("Truncated").selectOption("yes");
    await page.waitForURL(/truncated=yes/);
    await page.reload();
    await grid(page).getByRole("row").nth(1).waitFor();
    const kept = Number(await grid(page).getAttribute("aria-rowcount")) - 1;
    assert.ok(kept > 0 && kept < 18, `${kept}`);
    assert.equal(await page.getByLabel("Truncated").inputValue(), "yes");
    await page.getByRole("button", { name: "No filter" }).click();
    await page.waitForURL((url) => !url.hash.includes("reward_min"));
  });
});

test("Back leads to where the list was, in the order that was chosen last", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    const first = grid(page).locator('[data-index="0"]');
    await first.waitFor();
    await page.getByRole("button", { name: /^Tokens/ }).click();
    await first.getByText("6,002").waitFor();
    const top = () => grid(page).evaluate((element) => Math.round(element.scrollTop));
    await grid(page).hover();
    await page.mouse.wheel(0, 600);
    await first.waitFor({ state: "detached" });
    await until(async () => assert.equal(await top(), 600));
    await grid(page).locator('[data-index="24"]').click();
    await page.waitForURL(/group\?/);
    await grid(page).waitFor({ state: "detached" });
    await page.goBack();
    await until(async () => assert.equal(await top(), 600));
    await page.goForward();
    await grid(page).waitFor({ state: "detached" });
    await page.goBack();
    await until(async () => assert.equal(await top(), 600));
    assert.match(page.url(), /sort=-tokens/);
  });
});

test("the strip of steps narrows the list with the mouse and with keys", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    const strip = page.getByRole("slider", { name: "Reward over steps" });
    await strip.focus();
    await page.keyboard.press("Home");
    await page.getByText(/^Step 1: 12 rollouts/).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL(/step_min=2&step_max=2/);
    await grid(page).and(page.locator('[aria-rowcount="13"]')).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => !url.hash.includes("step_min"));
    await strip.click({ position: { x: (await strip.boundingBox()).width - 5, y: 20 } });
    await page.waitForURL(/step_min=7/);
    await grid(page).getByText("6,002").waitFor();
    await until(async () => assert.equal(await grid(page).getAttribute("aria-rowcount"), "2"));
  });
});

test("a group stands side by side under its question, and tokens are coloured by what is chosen", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await grid(page).getByText("Step 1 thinks about it, try 0").first().click();
    await page.waitForURL(/group/);
    await page.getByText("How many boxes?").waitFor();
    await page.getByRole("article").nth(3).waitFor();
    assert.equal(await page.getByRole("article").count(), 4);
    assert.equal(await page.getByText("How many boxes?").count(), 1);
    const first = page.getByRole("article", { name: "Rollout 0" });
    await page.getByRole("button", { name: "Entropy" }).click();
    await first.locator("[data-at]").first().waitFor();
    await until(async () => assert.deepEqual((await tones(first)).slice(0, 5), ["e0", "e1", "e2", "e3", "e4"]));
    await page.getByRole("button", { name: "Log-probability" }).click();
    await page.waitForURL(/colour=logprob/);
    await until(async () => assert.deepEqual((await tones(first)).slice(0, 5), ["l0", "l1", "l2", "l3", "l4"]));
    await page.getByRole("button", { name: "Loss mask" }).click();
    await until(async () => assert.deepEqual((await tones(first)).slice(0, 3), ["in", "out", "in"]));
    await page.getByRole("button", { name: "Advantage" }).click();
    const sign = (await first.getByText("▲").count()) > 0 ? "up" : "down";
    await until(async () => assert.deepEqual((await tones(first)).slice(0, 3), [sign, "out", sign]));
    await first.locator("[data-at]").nth(2).hover();
    await page.getByRole("status").getByText("log-probability").waitFor();
    await page.getByRole("article", { name: "Rollout 3" }).getByText("No token data was kept").waitFor();
    await page.reload();
    await first.locator("[data-at]").first().waitFor();
  });
});

test("two of a group are compared, and the difference has an address", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, group(1, "q-1"));
    // The address holds what is chosen: the box follows it.
    for (const name of ["Rollout 0", "Rollout 1"]) {
      const box = page.getByRole("article", { name }).getByLabel("compare");
      await box.click();
      await box.and(page.locator(":checked")).waitFor();
    }
    const difference = page.getByRole("region", { name: "Difference" });
    await difference.locator("ins").first().waitFor();
    await page.reload();
    await difference.locator("del").first().waitFor();
    await page.getByRole("button", { name: "Close the comparison" }).click();
    await difference.waitFor({ state: "detached" });
  });
});

test("n p N P g g G walk through rollouts and groups", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, group(2, "q-1"));
    await page.getByRole("article").first().waitFor();
    const focused = (name) => hasFocus(page.getByRole("article", { name }));
    await page.keyboard.press("n");
    await focused("Rollout 1");
    await page.keyboard.press("G");
    await focused("Rollout 3");
    await page.keyboard.press("p");
    await focused("Rollout 2");
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await focused("Rollout 0");
    await page.getByRole("button", { name: "Next group (N)" }).and(page.locator(":enabled")).waitFor();
    await page.keyboard.press("N");
    await page.getByText(`Step 2 · ${hostileId}`).waitFor();
    await page.keyboard.press("P");
    await page.getByText("Step 2 · q-1").waitFor();
    await page.getByRole("link", { name: "Rollout 0" }).click();
    await page.getByRole("button", { name: "Next (n)" }).and(page.locator(":enabled")).waitFor();
    await page.keyboard.press("n");
    await page.getByText(/Step 2 · q-1 · 1/).waitFor();
    await page.keyboard.press("G");
    await page.getByText(/Step 2 · q-1 · 3/).waitFor();
    await page.keyboard.press("N");
    await page.getByText(/Step 2 · <img .* · 0/).waitFor();
  });
});

test("tokens are read with the mouse and with keys; a range of them has an address", async () => {
  await scene.withPage({}, async (page) => {
    await page.mouse.move(0, 0); // over no token
    await open(page, "/72?of=rl&tokens=5000-5002");
    const box = page.getByRole("application", { name: /6,002 tokens/ });
    const linked = box.locator('[data-at="5000"]');
    await linked.getByText("haystack").waitFor();
    await page.waitForFunction(() => {
      const { top, bottom } = document.querySelector('[data-at="5000"]')?.getBoundingClientRect() ?? {};
      const box = document.querySelector('[role="application"]').getBoundingClientRect();
      return top >= Math.max(0, box.top) && bottom <= Math.min(innerHeight, box.bottom);
    });
    await page.getByRole("status").getByText("5,000").waitFor();
    assert.ok((await box.locator("[data-at]").count()) < 3_000);
    await box.focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("status").getByText("5,001").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/tokens=5001/);
    await page.keyboard.press("End");
    await page.getByRole("status").getByText("6,001").waitFor();
    await page.getByRole("status").getByText("special").waitFor();
    await box.getByText("<e282>").waitFor();
    await page.keyboard.press("Home");
    await page.getByRole("status").getByText('"w0"').waitFor();
    await open(page, "/10?of=rl&view=tokens&colour=reference");
    await page.getByRole("button", { name: "Reference", pressed: true }).waitFor();
    await until(async () => {
      const all = await tones(page.getByRole("application"));
      assert.ok(all.length > 0 && all.every((tone) => tone === "l3"), `${all}`);
    });
  });
});

test("a search over all rollouts leads to the place in the text and among the tokens", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByLabel("Search responses").fill("haystack");
    await page.getByText("1 hits").waitFor();
    await page.waitForURL(/q=haystack/);
    await page.reload();
    await page.getByRole("listitem").getByRole("link", { name: /step 7/ }).click();
    const mark = page.getByText("▸");
    await mark.waitFor();
    assert.ok(await mark.evaluate((element) => element.getBoundingClientRect().top < innerHeight && element.getBoundingClientRect().bottom > 0));
    await page.getByRole("button", { name: "Tokens", exact: true }).click();
    await page.getByRole("application").getByText("haystack").waitFor();
    await open(page);
    await page.getByLabel("Search responses").fill("<script>");
    await page.getByText("6 hits").waitFor();
    await page.getByLabel("Search responses").fill("nowhere to be found");
    await page.getByText("No response holds this").waitFor();
  });
});

test("a memory agent is read turn by turn, a verifier's votes with their answers", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, "/0?of=memory&view=text");
    await page.getByRole("heading", { name: "Turn 1: reads chunk 1" }).waitFor();
    await page.getByRole("heading", { name: "Turn 3: answers" }).waitFor();
    const second = page.getByRole("listitem").filter({ hasText: "Turn 2: reads chunk 2" });
    await second.getByText("seventeen boxes", { exact: true }).waitFor();
    await second.getByText("seventeen boxes, all red").waitFor();
    await second.getByText("cut to the memory's size").waitFor();
    await open(page, "/2?of=rl&view=text");
    const votes = page.getByRole("region", { name: "votes" });
    await votes.getByRole("cell", { name: "<b>one</b>" }).waitFor();
    await votes.getByRole("columnheader", { name: "answer" }).waitFor();
    await page.getByRole("button", { name: "JSON" }).click();
    await page.waitForURL(/view=json/);
    await page.getByRole("region", { name: "The rollout as JSON" }).getByText('"votes"').waitFor();
  });
});

test("a sample is followed across steps, and leads to its record", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, group(1, "q-1"));
    await page.getByRole("link", { name: "This sample across steps" }).click();
    const table = page.getByRole("grid", { name: "Steps that drew the sample" });
    await table.getByRole("row").nth(7).waitFor();
    await table.getByRole("row").nth(2).click();
    await page.waitForURL(/group\?.*step=2/);
    await page.getByRole("link", { name: "The sample with its documents" }).click();
    await page.getByText("How many boxes?").first().waitFor();
  });
});

test("hostile samples, tasks and responses are text, everywhere", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await grid(page).getByText(hostileId).first().waitFor();
    await grid(page).getByText("<i>task</i>").first().waitFor();
    await open(page, group(1, hostileId));
    await page.getByText("<script>alert(5)</script>?").waitFor();
    for (const text of ["<script>alert(2)</script>", "U+202E", "U+200B", "U+001B", "U+0000"])
      await page.getByRole("article", { name: "Rollout 0" }).getByText(text).first().waitFor();
    await page.getByRole("button", { name: "Entropy" }).click();
    await page.getByRole("article", { name: "Rollout 0" }).getByText("<script>alert(2)</script>").waitFor();
    for (const view of ["text", "tokens", "json"]) {
      await open(page, `/4?of=rl&view=${view}`);
      await page.getByText("<script>alert(2)</script>").first().waitFor();
    }
      assert.equal(await page.locator("main :is(script, img)").count(), 0);
  });
});

const places = () => ["?of=rl", "?of=rl&q=haystack", group(1, "q-1"), group(1, "q-1", "&diff=0,1&colour=entropy"), "/0?of=rl&view=tokens", "/2?of=rl&view=text", "/0?of=memory&view=text", "/0?of=rl&view=json", "/sample?of=rl&sample=q-1"];
const shown = (page) => page.locator("main").locator("[data-index], article, [data-at], li, pre, [aria-label=Response] p").first().waitFor();

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await scene.withPage({ theme }, async (page) => {
      const findings = [];
      for (const place of places()) {
        await open(page, place);
        await shown(page);
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${place}: ${line}`));
      }
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels", async () => {
  await scene.withPage({ width: 360, height: 740 }, async (page) => {
    for (const place of places()) {
      await open(page, place);
      await shown(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place} is ${wide} pixels wide`);
    }
  });
});

test("what failed comes first, or what is newest, and what has no answer is kept apart", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByLabel("Order").selectOption("what failed first");
    await page.waitForURL(/sort=-error/);
    const first = grid(page).getByRole("row").nth(1);
    await first.getByText("no answer").waitFor();
    await first.getByText("6,002").waitFor();
    await grid(page).getByRole("row").nth(2).getByText("truncated").waitFor();
    await page.getByLabel("Order").selectOption("newest first");
    await page.waitForURL(/sort=-made/);
    await first.getByText("6,002").waitFor();
    await page.getByLabel("Answer").selectOption("yes");
    await page.waitForURL(/answered=yes/);
    await first.getByText("q-2").waitFor();
    assert.match(await first.innerText(), /^6\b[^]*\b3\b/);
    assert.equal(await grid(page).getAttribute("aria-rowcount"), "73");
  });
});

test("a memory agent's group is a tree that keys walk and fold, with what is chosen beside it, in the address", async () => {
  const at = "/group?of=memory&step=1&sample=q-1";
  for (const width of [1280, 360])
    await scene.withPage({ width }, async (page) => {
      await open(page, at);
      const tree = page.getByRole("tree", { name: "Turns of the group" });
      const item = (name) => tree.getByRole("treeitem", { name });
      await item(/^Question q-1/).waitFor();
      assert.equal(await tree.getByRole("treeitem").count(), 1 + 3 * 4);
      assert.equal(await item(/^Turn 1/).nth(1).getAttribute("aria-level"), "3");
      await item(/as rollout 0/).first().waitFor();
      await item(/^Question/).focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await page.waitForURL(/node=0\.2/);
      const detail = (name) => page.getByRole("region", { name, exact: true });
      await detail("Rollout 0, turn 2").getByText("seventeen boxes, all red").waitFor();
      await detail("Rollout 0, turn 2").getByText("cut to the memory's size").waitFor();
      assert.ok(await item(/^Turn 2/).first().evaluate((element) => element === document.activeElement));
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      await page.waitForURL(/shut=0/);
      await until(async () => assert.equal(await tree.getByRole("treeitem").count(), 1 + 3 * 4 - 3));
      assert.equal(await item(/^Rollout 0/).getAttribute("aria-expanded"), "false");
      await page.keyboard.press("End");
      await detail("Rollout 2, answer").getByText("The answer is 3").waitFor();
      await page.reload();
      await detail("Rollout 2, answer").waitFor();
      assert.equal(await tree.getByRole("treeitem").count(), 1 + 3 * 4 - 3);
      await item(/^Turn 2 .*<b>three/).click();
      await detail("Rollout 2, turn 2").getByText("<b>three</b> boxes").waitFor();
      await item(/^Rollout 0/).click();
      await page.keyboard.press("Enter");
      await until(async () => assert.equal(await tree.getByRole("treeitem").count(), 1 + 3 * 4));
      await item(/^Turn 1/).first().click();
      await detail("Rollout 0, turn 1").getByRole("link", { name: "Tokens of this turn" }).click();
      await page.waitForURL(/rollouts\/0\?.*tokens=0-4/);
      await open(page, `${at}&as=side`);
      await page.getByRole("article", { name: "Rollout 1" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    });
});

for (const theme of ["light", "dark"])
  test(`no serious finding of axe in the tree, ${theme}`, async () => {
    await scene.withPage({ theme }, async (page) => {
      await open(page, "/group?of=memory&step=1&sample=q-1&node=0.2");
      await page.getByRole("tree").waitFor();
      assert.deepEqual(await seriousFindings(page, theme === "light" ? undefined : colours), []);
    });
  });
