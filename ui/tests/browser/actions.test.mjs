// What can be done with a run, in a real browser against a real server: each action says first what it
// would do, is done once, and needs no pointer.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { greeting, hasFocus, Scene, tabTo, until, widthOf } from "./scene.mjs";

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
  ready: {uses: shell, with: {run: "echo ready"}}
  breaks:
    uses: shell
    after: [ready]
    with: {run: "exit $CODE", env: {CODE: "\${params.code}"}}
`;

const scene = new Scene();
const ids = {};
const withPage = (...given) => scene.withPage(...given);
const goTo = (...given) => scene.goTo(...given);
const ended = (...given) => scene.ended(...given);
let server;

before(async () => {
  await scene.start();
  server = scene.server;
  ids.one = (await server.submit(greeting("world"))).id;
  ids.waits = (await server.submit(waits)).id;
  ids.breaks = (await server.submit(breaks)).id;
  for (const id of Object.values(ids)) await ended(id);
});
// A test that failed may have left it dead.
beforeEach(() => server.start());
after(() => scene.close());

async function act(page, item) {
  await page.getByRole("button", { name: "Actions", exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
  return page.getByRole("dialog");
}

async function attempts(id) {
  const { stages } = await server.api("GET", `/runs/${id}`);
  return Object.fromEntries(stages.map((stage) => [stage.name, stage.attempts]));
}

async function started(workflow, status, name) {
  const { id } = await server.submit(workflow, { name });
  await ended(id, [status]);
  return id;
}

test("a question is answered, with what follows from either answer", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.waits}/graph`);
    const dialog = await act(page, /Answer publish/);
    await dialog.getByText("Publish it?").waitFor();
    await dialog.getByRole("radio", { name: /^No/ }).check();
    assert.match(await dialog.getByRole("region", { name: /command line/ }).innerText(), /--reject/);
    await dialog.getByRole("radio", { name: /^Yes/ }).check();
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
    await page.getByText("Goes on", { exact: true }).waitFor();
    dialog = await act(page, "Pause…");
    await dialog.getByRole("button", { name: "Pause the run" }).click();
    await page.getByText("Paused", { exact: true }).waitFor();
    dialog = await act(page, "Cancel…");
    await dialog.getByRole("button", { name: "Cancel the run" }).click();
    await page.getByText("Cancelled", { exact: true }).waitFor();
    assert.equal(await ended(slow.id), "cancelled");
  });
});

test("the plan of a resume is that of the command line, byte for byte, and is what is done", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.breaks}/graph`);
    const dialog = await act(page, "Resume…");
    await dialog.getByText("2 stages: 1 run, 1 reused").waitFor();
    await dialog.getByText("Parameters").click();
    const planned = page.waitForResponse((answer) => answer.url().endsWith("/resume") && answer.request().postDataJSON().params?.code === 0);
    await dialog.getByLabel(/^code/).fill("0");
    const plan = JSON.stringify(await (await planned).json());
    assert.equal(plan, JSON.stringify(JSON.parse(server.cli("resume", ids.breaks, "--dry-run", "--set", "code=0"))));
    const shown = dialog.getByRole("region", { name: "What each stage would do" });
    await shown.getByText("params.env.CODE differs").waitFor();
    const { stages } = JSON.parse(plan);
    for (const stage of stages) await shown.getByRole("row").filter({ hasText: stage.name }).filter({ hasText: stage.action }).waitFor();
    assert.equal(await dialog.getByRole("region", { name: "Changed parameters" }).textContent(), "  params:\n-   code: 3\n+   code: 0\n");
    await dialog.getByText("cairn resume", { exact: false }).getByText("--set code=0", { exact: false }).waitFor();
    const before = await attempts(ids.breaks);
    await dialog.getByRole("button", { name: "Resume", exact: true }).click();
    await page.getByText("Resumed").waitFor();
    assert.equal(await ended(ids.breaks, ["succeeded"]), "succeeded");
    const after = await attempts(ids.breaks);
    const done = stages.map(({ name }) => (after[name] > before[name] ? "run" : "reuse"));
    assert.deepEqual(done, stages.map(({ action }) => action));
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


test("a fork whose answer is lost with its server is made once", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/graph`);
    const dialog = await act(page, "Fork…");
    await dialog.getByLabel(/^who/).fill("once");
    await dialog.getByText("2 stages: 2 run").waitFor();
    const runs = async () => (await server.api("GET", "/runs?limit=1000")).runs.length;
    const before = await runs();
    const keys = [];
    await page.route("**/fork", async (route) => {
      if (route.request().postDataJSON().dry_run) return route.continue();
      keys.push(route.request().headers()["idempotency-key"]);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await server.kill();
      return route.abort("connectionreset");
    });
    const fork = dialog.getByRole("button", { name: "Fork", exact: true });
    await fork.click();
    await dialog.getByText("It is not known whether this was done.").waitFor();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await server.start();
    await fork.click();
    await page.getByText(/fork of/).waitFor();
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    assert.equal(await runs(), before + 1);
  });
});

// Opens an item of the menu with the keyboard alone, from wherever the focus is.
async function choose(page, item) {
  await tabTo(page, page.getByRole("button", { name: "Actions", exact: true }));
  await page.keyboard.press("Enter");
  const target = page.getByRole("menuitem", { name: item });
  for (let turn = 0; turn < 12 && !(await target.evaluate((one) => one === document.activeElement)); ++turn) await page.keyboard.press("ArrowDown");
  // The page hears of a change a moment after the server has told the test.
  await until(async () => assert.equal(await target.getAttribute("aria-disabled"), "false"));
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await until(async () => assert.ok(await dialog.evaluate((one) => one.contains(document.activeElement)), "the focus is inside"));
  return dialog;
}

async function press(page, button) {
  await button.and(page.locator(":enabled")).waitFor();
  await tabTo(page, button);
  await page.keyboard.press("Enter");
}

test("every action is done with the keyboard alone, and the focus comes back", async () => {
  const asks = await started(waits, "waiting", "asks");
  const fails = await started(breaks, "failed", "fails");
  await withPage({}, async (page) => {
    const focusIsBack = async () => {
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await hasFocus(page.getByRole("button", { name: "Actions", exact: true }));
    };
    const done = async (item, button, said) => {
      const dialog = await choose(page, item);
      await press(page, dialog.getByRole("button", { name: button, exact: true }));
      await page.getByText(said, { exact: true }).waitFor();
      await focusIsBack();
    };
    await goTo(page, `/runs/${asks}/graph`);
    await page.getByText("Publish it?").waitFor();
    for (const item of [/^Answer/, "Pause…", /^Run anew/, "Fork…", "Cancel…"]) {
      await choose(page, item);
      await page.keyboard.press("Escape");
      await focusIsBack();
    }
    await done("Pause…", "Pause the run", "Paused");
    await done("Go on…", "Go on", "Goes on");
    const dialog = await choose(page, /^Answer/);
    await page.keyboard.press("ArrowDown");
    await press(page, dialog.getByRole("button", { name: "Turn down" }));
    await page.getByText("publish turned down").waitFor();
    await focusIsBack();
    await goTo(page, `/runs/${fails}/graph`);
    await page.getByText("the command ended with exit code 3").first().waitFor();
    await done("Resume…", "Resume", "Resumed");
    await ended(fails, ["failed"]);
    await choose(page, "Delete…");
    await page.keyboard.type("fails");
    await press(page, page.getByRole("button", { name: "Delete the run" }));
    await page.getByText("fails deleted").waitFor();
    await page.getByRole("grid", { name: /Runs/ }).waitFor();
  });
});

// All dialogs, each handed to `look` once it shows all that it has.
async function dialogs(page, asks, look) {
  const shown = [
    [asks, /^Answer/, (dialog) => dialog.getByText("Publish it?")],
    [asks, "Pause…", (dialog) => dialog.getByText(/Nothing is at work/)],
    [asks, "Cancel…", (dialog) => dialog.getByText(/never start/)],
    [ids.breaks, /^Run anew/, (dialog) => dialog.getByRole("region", { name: "Plan" })],
    [ids.breaks, "Fork…", (dialog) => dialog.getByRole("region", { name: "Plan" })],
    [ids.breaks, "Delete…", (dialog) => dialog.getByLabel(/Type its name/)],
  ];
  for (const [run, item, seen] of shown) {
    if (!page.url().includes(run)) await goTo(page, `/runs/${run}/graph`);
    const dialog = await act(page, item);
    await seen(dialog).waitFor();
    await look(dialog, String(item));
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  }
}

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe in any dialog, ${theme}`, async () => {
    const asks = await started(waits, "waiting", "asks");
    await withPage({ theme }, async (page) => {
      const findings = [];
      await dialogs(page, asks, async (_dialog, name) => {
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${name}: ${line}`));
      });
      assert.deepEqual(findings, []);
    });
  });
}

// 200 % of 1280 pixels is 640: what a reader sees who zooms.
for (const [width, height] of [[360, 740], [640, 400]]) {
  test(`dialogs fit, and their buttons are in sight, at ${width} by ${height} pixels`, async () => {
    const asks = await started(waits, "waiting", "asks");
    await withPage({ width, height }, async (page) => {
      await dialogs(page, asks, async (dialog, name) => {
        assert.ok((await widthOf(page)) <= width, `${name} is wider than the window`);
        assert.ok(await dialog.evaluate((one) => one.scrollWidth <= one.clientWidth), `${name} scrolls sideways`);
        const box = await dialog.getByRole("button").last().boundingBox();
        assert.ok(box && box.y >= 0 && box.y + box.height <= height, `the button of ${name} is in sight`);
      });
    });
  });
}
