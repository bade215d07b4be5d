// The screens on which somebody acts and looks back, in a real browser against a real server: a run is
// written, checked and started; each action shows its plan first; plugins, the system, two runs beside
// each other; artifacts, lineage and, with CAIRN_REPORT_STATE (a state folder with a run of the
// recipe), its report.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, openPage, seriousFindings, signIn } from "./browser.mjs";
import { Server } from "./server.mjs";

const reportState = process.env.CAIRN_REPORT_STATE;

const greeting = (who) => `cairn: 1
name: greeting
params:
  who: {type: string, default: ${who}, description: Whom to greet}
  times: {type: int, default: 2, min: 1, max: 9}
stages:
  words:
    uses: shell
    with:
      run: "echo hello $WHO > words.txt"
      env: {WHO: "\${params.who}"}
      outputs: {words: words.txt}
  count:
    uses: shell
    inputs: {words: words.words}
    with: {run: 'wc -c < "$CAIRN_INPUT_WORDS" > size.txt', outputs: {size: size.txt}}
`;
const waits = `cairn: 1
name: waits
stages:
  first: {uses: shell, with: {run: "true"}}
  publish: {uses: shell, after: [first], approval: "Publish it?", with: {run: "true"}}
`;
const breaks = `cairn: 1
name: breaks
params: {code: {type: int, default: 3}}
stages:
  ready: {uses: shell, with: {run: "true"}}
  breaks:
    uses: shell
    after: [ready]
    with: {run: "exit $CODE", env: {CODE: "\${params.code}"}}
`;

let server;
let browser;
const ids = {};

async function ended(id, among = ["succeeded", "failed", "waiting", "cancelled"]) {
  for (let turn = 0; turn < 600; ++turn) {
    const { status } = await server.api("GET", `/runs/${id}`);
    if (among.includes(status)) return status;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${id} did not end`);
}

before(async () => {
  server = new Server();
  await server.start();
  browser = await launch();
  ids.one = (await server.submit(greeting("world"))).id;
  ids.other = (await server.submit(greeting("moon"))).id;
  ids.waits = (await server.submit(waits)).id;
  ids.breaks = (await server.submit(breaks)).id;
  for (const id of Object.values(ids)) await ended(id);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

async function withPage(options, body, on = server) {
  const opened = await openPage(browser, on, options);
  try {
    await signIn(opened.page, on);
    await body(opened.page);
    assert.deepEqual(opened.faults, []);
  } finally {
    await opened.close();
  }
}
const goTo = (page, place, on = server) => page.goto(`${on.url}/#${place}`);
const heading = (page) => page.getByRole("heading", { level: 1 }).first().waitFor();

async function act(page, item) {
  await page.getByRole("button", { name: "Actions" }).click();
  await page.getByRole("menuitem", { name: item }).click();
  return page.getByRole("dialog");
}

async function type(page, text) {
  const editor = page.getByRole("textbox", { name: "Workflow, YAML" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

test("a wrong parameter shows line, caret and the nearest name before it is started", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await type(page, 'cairn: 1\nname: t\nstages:\n  a:\n    uses: shell\n    with: {runn: "true"}\n');
    const problems = page.getByRole("list", { name: "What is wrong" });
    await problems.getByText("'shell' has no parameter 'runn'").waitFor();
    await problems.getByText("did you mean 'run'?").waitFor();
    assert.match(await problems.getByRole("region", { name: "Line 6" }).last().innerText(), /runn.*\n\s*\^/);
    assert.ok(await page.getByRole("button", { name: "Start the run" }).isDisabled());
    await page.locator(".cm-lint-marker-error").first().waitFor();
  });
});

test("completion knows the parameters of the stage's type", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await page.getByText("The server finds nothing wrong.").waitFor();
    await type(page, "cairn: 1\nname: t\nstages:\n  a:\n    uses: shell\n    with: {");
    await page.waitForResponse((answer) => answer.url().includes("/workflows/validate"));
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete").getByText("outputs", { exact: true }).waitFor();
  });
});

test("a run is written, planned and started, with a parameter of the form", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await type(page, greeting("world"));
    await page.getByLabel(/^times/).fill("many");
    await page.getByText("no number").waitFor();
    await page.getByLabel(/^times/).fill("");
    await page.getByLabel(/^who/).fill("sun");
    const plan = page.getByRole("region", { name: "Plan" });
    await plan.getByText("2 stages: 2 run").waitFor();
    assert.match(await page.getByRole("region", { name: "The same on the command line" }).innerText(), /cairn submit FILE --set who=sun/);
    await page.getByRole("button", { name: "Start the run" }).click();
    await page.waitForURL(/#\/runs\/[^/]+\/graph/);
    const id = /runs\/([^/]+)\//.exec(page.url())[1];
    assert.equal(await ended(id), "succeeded");
    assert.equal((await server.api("GET", `/runs/${id}`)).params.who, "sun");
    await goTo(page, "/new");
    await plan.getByText("2 stages: 2 reused").waitFor();
    await goTo(page, `/new?like=${ids.breaks}`);
    await page.getByLabel(/^code/).waitFor();
  });
});

test("a question is answered, with what follows from either answer", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.waits}/graph`);
    const dialog = await act(page, /Answer publish/);
    await dialog.getByText("Publish it?").waitFor();
    await dialog.getByLabel(/^No/).check();
    assert.match(await dialog.getByRole("region", { name: /command line/ }).innerText(), /--reject/);
    await dialog.getByLabel(/^Yes/).check();
    await dialog.getByRole("button", { name: "Approve" }).click();
    await page.getByText("publish approved").waitFor();
    assert.equal(await ended(ids.waits, ["succeeded", "failed"]), "succeeded");
  });
});

test("pause, go on and cancel say what they do, and a run that has moved on refuses", async () => {
  const slow = await server.submit(`cairn: 1\nname: slow\nstages:\n  a: {uses: shell, approval: "Now?", with: {run: "true"}}\n`);
  await ended(slow.id, ["waiting"]);
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${slow.id}/graph`);
    let dialog = await act(page, "Cancel…");
    await dialog.getByText(/never start/).waitFor();
    await server.api("POST", `/runs/${slow.id}/pause`, {});
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await dialog.getByText(/It is now/).waitFor();
    await dialog.getByRole("button", { name: "Not now" }).click();
    dialog = await act(page, "Go on…");
    await dialog.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Goes on").waitFor();
    dialog = await act(page, "Pause…");
    await dialog.getByRole("button", { name: "Pause the run" }).click();
    await page.getByText("Paused", { exact: true }).waitFor();
    dialog = await act(page, "Cancel…");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await page.getByText("Cancelled").waitFor();
    assert.equal(await ended(slow.id), "cancelled");
  });
});

test("the plan of a resume is the server's own, and is what is done", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.breaks}/graph`);
    const dialog = await act(page, "Resume…");
    await dialog.getByText(/2 stages: 1 run, 1 reused/).waitFor();
    const { stages } = await server.api("POST", `/runs/${ids.breaks}/resume`, { dry_run: true });
    for (const stage of stages) await dialog.getByRole("row").filter({ hasText: stage.name }).filter({ hasText: stage.action }).waitFor();
    await dialog.getByText("Parameters").click();
    await dialog.getByLabel(/^code/).fill("0");
    await dialog.getByText("cairn resume", { exact: false }).getByText("--set code=0", { exact: false }).waitFor();
    await dialog.getByRole("button", { name: "Resume", exact: true }).click();
    await page.getByText("Resumed").waitFor();
    assert.equal(await ended(ids.breaks, ["succeeded"]), "succeeded");
  });
});

test("a stage runs anew, and the ways part with another parameter", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/graph?stage=count`);
    await page.getByRole("button", { name: "Run anew from here…" }).click();
    let dialog = page.getByRole("dialog");
    await dialog.getByText(/1 run, 1 reused/).waitFor();
    await dialog.getByRole("button", { name: "Run anew" }).click();
    await page.waitForURL((url) => !url.hash.includes(ids.one) && /graph/.test(url.hash));
    await goTo(page, `/runs/${ids.one}/graph`);
    await page.getByRole("heading", { level: 1, name: "greeting" }).waitFor();
    dialog = await act(page, "Fork…");
    await dialog.getByText("Parameters").click();
    await dialog.getByLabel(/^who/).fill("mars");
    await dialog.getByText("2 stages: 2 run").waitFor();
    assert.match(await dialog.getByRole("region", { name: /command line/ }).innerText(), /cairn fork \S+ --at words --set who=mars/);
    await dialog.getByRole("button", { name: "Fork", exact: true }).click();
    await page.getByText(/fork of/).waitFor();
  });
});

test("a run is deleted once its name is typed", async () => {
  const { id } = await server.submit(greeting("gone"), { name: "gone" });
  await ended(id);
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${id}/graph`);
    const dialog = await act(page, "Delete…");
    const button = dialog.getByRole("button", { name: "Delete the run" });
    assert.ok(await button.isDisabled());
    await dialog.getByLabel(/Type its name/).fill("gone");
    await button.click();
    await page.getByText("gone deleted").waitFor();
    await assert.rejects(server.api("GET", `/runs/${id}`), /404/);
  });
});

test("a viewer sees why nothing can be changed", async () => {
  const { token } = await server.api("POST", "/tokens", { role: "viewer", label: "reads" });
  const viewer = { url: server.url, token };
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/graph`);
    await page.getByRole("button", { name: "Actions" }).click();
    assert.match(await page.getByRole("menuitem", { name: /Fork/ }).innerText(), /needs an admin's token/);
    await goTo(page, "/new");
    await page.getByText("Starting a run needs an admin's token.").waitFor();
    await goTo(page, "/system");
    assert.ok(await page.getByRole("button", { name: "New token…" }).isDisabled());
  }, viewer);
});

test("plugins are searched, and a type's reference is made from its declaration", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/plugins");
    await page.getByLabel("Search stage types").fill("command");
    await page.getByRole("grid", { name: "Stage types" }).getByText("shell", { exact: true }).click();
    await page.getByRole("region", { name: "Parameters" }).getByText("Command for /bin/sh -c").waitFor();
    await page.getByRole("region", { name: "A stage that uses it" }).getByText("uses: shell").waitFor();
  });
});

test("a token is made, shown once and revoked; the store's plan comes before it is cleared", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/system");
    await page.getByRole("button", { name: "New token…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Whose it is").fill("nightly");
    await dialog.getByRole("button", { name: "Make it" }).click();
    assert.match(await dialog.getByRole("region", { name: "Token" }).innerText(), /^[0-9a-f]{64}$/);
    await dialog.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("button", { name: "Revoke nightly" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("nightly revoked").waitFor();
    await page.getByLabel("Artifacts may take").fill("0");
    await page.getByRole("button", { name: "Show what would go" }).click();
    await page.getByText(/would go/).first().waitFor();
  });
});

test("two runs: the stage at which they part, their texts beside each other", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/compare/${ids.one}/${ids.other}`);
    await page.getByText("They part at").waitFor();
    await page.getByRole("link", { name: "words", exact: true }).waitFor();
    await page.getByRole("link", { name: "Workflow" }).click();
    await page.locator(".cm-merge-b .cm-changedLine").first().waitFor();
    assert.match(await page.locator(".cm-merge-b .cm-changedLine").first().innerText(), /moon/);
    await page.getByRole("link", { name: "Scores" }).click();
    await page.getByText("No evaluation that both have").waitFor();
  });
});

test("artifacts lead to their lineage, and every hop is a URL", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/artifacts`);
    const grid = page.getByRole("grid", { name: "Artifacts" });
    await grid.getByText("size", { exact: true }).click();
    await page.getByRole("link", { name: "Lineage", exact: true }).last().click();
    await page.getByRole("region", { name: "Made from" }).getByRole("link", { name: "words.words" }).click();
    assert.match(page.url(), /lineage\?at=words\.words/);
    await page.getByRole("region", { name: "Used by" }).getByRole("link", { name: "count.size" }).waitFor();
    await page.reload();
    await page.getByText("echo hello $WHO > words.txt").waitFor();
    await page.getByRole("link", { name: "shell", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "shell" }).waitFor();
  });
});

const places = () => [
  "/new",
  "/plugins",
  "/plugins/shell",
  "/system",
  `/compare/${ids.one}/${ids.other}`,
  `/compare/${ids.one}/${ids.other}?view=workflow`,
  ...["artifacts", "artifacts?at=words.words", "lineage?at=count.size", "report"].map((tab) => `/runs/${ids.one}/${tab}`),
];

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await withPage({ theme }, async (page) => {
      const findings = [];
      for (const place of places()) {
        await goTo(page, place);
        await heading(page);
        await page.waitForLoadState("networkidle").catch(() => undefined);
        findings.push(...(await seriousFindings(page)).map((line) => `${place}: ${line}`));
      }
      await goTo(page, `/runs/${ids.one}/graph`);
      const dialog = await act(page, "Fork…");
      await dialog.getByRole("region", { name: "Plan" }).waitFor();
      findings.push(...(await seriousFindings(page)).map((line) => `fork: ${line}`));
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels", async () => {
  await withPage({ width: 360, height: 740 }, async (page) => {
    for (const place of places()) {
      await goTo(page, place);
      await heading(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place} is ${wide} pixels wide`);
    }
  });
});

test("from a cell of the report to answer, sample, document, configuration and code in six clicks", { skip: !reportState && "CAIRN_REPORT_STATE names no state folder" }, async () => {
  const other = new Server();
  cpSync(reportState, other.state, { recursive: true });
  await other.start();
  try {
    const { runs } = await other.api("GET", "/runs?limit=1");
    await withPage({}, async (page) => {
      await goTo(page, `/runs/${runs[0].id}/report`, other);
      const urls = new Set();
      const click = async (target, at) => {
        await target.click();
        await page.waitForURL(at);
        assert.ok(!urls.has(page.url()));
        urls.add(page.url());
      };
      await click(page.getByRole("region", { name: "Scores" }).getByRole("row").nth(2).getByRole("link").nth(2), /scores/);
      await click(page.getByRole("grid", { name: "Records" }).getByRole("row").nth(1), /number=/);
      await click(page.getByRole("link", { name: /^Sample/ }), /heldout/);
      await click(page.getByRole("complementary").getByRole("listitem").first().getByRole("link"), /documents/);
      await click(page.getByRole("link", { name: /configuration and code/ }), /lineage/);
      await page.getByText("Configuration of corpus").waitFor();
      await click(page.getByRole("region", { name: "The artifact" }).getByRole("link", { name: "corpus", exact: true }), /plugins\/corpus/);
      assert.equal(urls.size, 6);
      await goTo(page, `/runs/${runs[0].id}/report`, other);
      assert.deepEqual(await seriousFindings(page), []);
    }, other);
  } finally {
    await other.close();
  }
});
