// New run, plugins and the system in a real browser against a real server: a run is written, checked,
// planned and started, also without a pointer; references are made from declarations.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { greeting, hasFocus, heading, Scene, tabTo, until, widthOf } from "./scene.mjs";

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
  await ended(ids.one);
});
after(() => scene.close());

async function type(page, text) {
  const editor = page.getByRole("textbox", { name: "Workflow, YAML" });
  await editor.click();
  await hasFocus(editor);
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
    await until(async () => assert.match(await problems.getByRole("region", { name: "Line 6" }).last().innerText(), /runn.*\n\s*\^/));
    assert.ok(await page.getByRole("button", { name: "Start the run" }).isDisabled());
    await page.locator(".cm-lint-marker-error").first().waitFor();
  });
});

test("completion knows the parameters of the stage's type", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await page.getByText("The server finds nothing wrong.").waitFor();
    await type(page, "cairn: 1\nname: t\nstages:\n  a:\n    uses: shell\n    with: {");
    // The parameters of its type are known.
    await page.getByRole("region", { name: "Stage a" }).getByLabel(/^run/).waitFor();
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete").getByText("outputs", { exact: true }).waitFor();
  });
});

test("a run is written, planned and started, with a parameter of the form", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await type(page, greeting("world"));
    await page.getByLabel(/^times/).fill("many");
    await page.getByText("no number", { exact: true }).waitFor();
    await page.getByLabel(/^times/).fill("");
    await page.getByLabel(/^who/).fill("sun");
    const plan = page.getByRole("region", { name: "Plan" });
    await plan.getByText("2 stages: 2 run").waitFor();
    await page.getByRole("region", { name: "The same on the command line" }).getByText("cairn submit FILE --set who=sun").waitFor();
    await page.getByRole("button", { name: "Start the run" }).click();
    await page.waitForURL(/#\/runs\/[^/]+\/graph/);
    const id = /runs\/([^/]+)\//.exec(page.url())[1];
    assert.equal(await ended(id), "succeeded");
    await page.getByRole("button", { name: "Actions", exact: true }).waitFor();
    assert.equal((await server.api("GET", `/runs/${id}`)).params.who, "sun");
    await goTo(page, "/new");
    await plan.getByText("2 stages: 2 reused").waitFor();
  });
});

test("a viewer sees why nothing can be changed", async () => {
  const { token } = await server.api("POST", "/tokens", { role: "viewer", label: "reads" });
  const viewer = { url: server.url, token };
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.one}/graph`);
    await page.getByRole("button", { name: "Actions", exact: true }).click();
    await page.getByRole("menuitem", { name: /Fork/ }).getByText("needs an admin's token").waitFor();
    await goTo(page, "/new");
    await page.getByText("Starting a run needs an admin's token.").waitFor();
    await goTo(page, "/system");
    await page.getByText("needs an admin's token").first().waitFor();
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

test("a run's workflow is begun with, and what is changed of it is shown", async () => {
  await withPage({}, async (page) => {
    await goTo(page, `/new?like=${ids.one}`);
    const changes = page.getByRole("button", { name: "Changes…" });
    await changes.waitFor();
    assert.ok(await changes.isDisabled());
    await page.waitForURL(/#\/new$/);
    await page.getByRole("region", { name: "Plan" }).getByText("2 stages: 2 reused").waitFor();
    await type(page, greeting("world").replace("echo hello", "echo goodbye"));
    await changes.click();
    const dialog = page.getByRole("dialog", { name: `Changes against ${ids.one}` });
    await dialog.locator(".cm-deletedChunk").getByText("echo hello").waitFor();
    await dialog.locator(".cm-changedLine").getByText("echo goodbye").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("region", { name: "Plan" }).getByText("2 stages: 2 run").waitFor();
  });
});

test("a stage's parameters are a form too, and what is set stands in the text", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await type(page, "cairn: 1\nname: t\nstages:\n  a:\n    uses: shell\n    with: {run: 'true'}");
    const run = page.getByRole("region", { name: "Stage a" }).getByLabel(/^run/);
    await until(async () => assert.equal(await run.inputValue(), "true"));
    await run.fill("false");
    await run.press("Tab");
    await page.getByText("with: {run: false}").or(page.getByText('with: {run: "false"}')).waitFor();
  });
});

test("a run is written and started without a pointer", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("grid").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    const editor = page.getByRole("textbox", { name: "Workflow, YAML" });
    await editor.waitFor();
    await tabTo(page, page.getByLabel("Name"));
    await page.keyboard.type("by keys");
    await tabTo(page, editor);
    await hasFocus(editor);
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(greeting("keys"));
    await page.getByLabel(/^times/).waitFor();
    await tabTo(page, page.getByLabel(/^times/));
    await page.keyboard.type("3");
    const start = page.getByRole("button", { name: "Start the run" });
    await page.getByRole("region", { name: "The same on the command line" }).getByText("--set times=3").waitFor();
    await page.locator("button:enabled").getByText("Start the run").waitFor();
    await tabTo(page, start);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "by keys" }).waitFor();
  });
});

// Each with what is to be seen there before it is looked at.
const places = [
  ["/new", (page) => page.getByRole("region", { name: "Plan" })],
  ["/plugins", (page) => page.getByRole("grid", { name: "Stage types" })],
  ["/plugins/shell", (page) => page.getByRole("region", { name: "Parameters" })],
  ["/system", (page) => page.getByRole("region", { name: "Tokens and sessions" })],
];

async function dialogs(page, look) {
  const closed = async (name) => {
    await look(name);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  };
  await goTo(page, "/new");
  await type(page, "cairn: 1\nname: t\nstages: {a: {uses: shel}}\n");
  await page.getByRole("list", { name: "What is wrong" }).waitFor();
  await look("a wrong workflow");
  await page.getByRole("button", { name: "Begin with" }).click();
  await look("the menu");
  await page.getByRole("menuitem", { name: /of a run/ }).click();
  await page.getByRole("dialog").getByText("greeting").first().waitFor();
  await closed("begin with a run");
  await goTo(page, "/system");
  await page.getByRole("button", { name: "New token…" }).click();
  await closed("new token");
  await page.getByRole("button", { name: /^Revoke/ }).first().click();
  await closed("revoke");
}

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await withPage({ theme }, async (page) => {
      const findings = [];
      const look = async (name) => {
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${name}: ${line}`));
      };
      for (const [place, shows] of places) {
        await goTo(page, place);
        await shows(page).waitFor();
        await look(place);
      }
      await dialogs(page, look);
      assert.deepEqual(findings, []);
    });
  });
}

// 200 % of 1280 pixels is 640: what a reader sees who zooms.
for (const [width, height] of [[360, 740], [640, 400]]) {
  test(`nothing is cut off at ${width} by ${height} pixels`, async () => {
    await withPage({ width, height }, async (page) => {
      const look = async (name) => {
        const wide = await widthOf(page);
        assert.ok(wide <= width, `${name} is ${wide} pixels wide`);
      };
      for (const [place, shows] of places) {
        await goTo(page, place);
        await heading(page);
        await shows(page).waitFor();
        await look(place);
      }
      await dialogs(page, look);
    });
  });
}

test("a run begun like another has its values and its files; the form stays while the text is broken", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cairn-like-"));
  const file = path.join(folder, "near.yaml");
  writeFileSync(path.join(folder, "rows.txt"), "rows\n");
  writeFileSync(
    file,
    "cairn: 1\nname: near\nparams:\n  rows: {type: path, default: rows.txt, description: Rows}\n  size: {type: tokens, default: 2k}\n" +
      "  who: {type: string, required: true}\n" +
      'stages:\n  read:\n    uses: shell\n    with: {run: \'cat "${params.rows}"; echo "${params.size} ${params.who}"\'}\n',
  );
  const { id } = JSON.parse(server.cli("submit", file, "--set", "who=sun and moon"));
  assert.equal(await ended(id), "succeeded");
  await withPage({}, async (page) => {
    await goTo(page, `/new?like=${id}`);
    const form = page.getByRole("region", { name: "Parameters" });
    await form.getByLabel(/^rows/).waitFor();
    const values = () => form.getByRole("textbox").evaluateAll((all) => all.map((one) => [one.value, [...one.attributes].find(({ name }) => name.startsWith("place"))?.value ?? "", one.disabled]));
    const whole = [["", "rows.txt", false], ["", "2k", false], ["sun and moon", "", false]];
    assert.deepEqual(await values(), whole);
    const plan = page.getByRole("region", { name: "Plan" });
    await plan.getByText("1 stage: 1 reused").waitFor();
    const editor = page.getByRole("textbox", { name: "Workflow, YAML" });
    await editor.click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText("{");
    await form.getByText("as they were before the errors").waitFor();
    assert.deepEqual(await values(), whole.map(([value, kept]) => [value, kept, true]));
    await page.keyboard.press("Backspace");
    await form.getByText("as they were before the errors").waitFor({ state: "hidden" });
    assert.deepEqual(await values(), whole);
    await form.getByLabel(/^size/).fill("3k");
    await plan.getByText("1 stage: 1 run").waitFor();
    await page.getByRole("button", { name: "Start the run" }).click();
    await page.waitForURL(/#\/runs\/[^/]+\/graph/);
    const made = /runs\/([^/]+)\//.exec(page.url())[1];
    assert.equal(await ended(made), "succeeded");
    const { params } = await server.api("GET", `/runs/${made}`);
    assert.deepEqual(params, { rows: path.join(folder, "rows.txt"), size: 3_000, who: "sun and moon" });
  });
  rmSync(folder, { recursive: true });
});
