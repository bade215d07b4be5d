// What stands around every screen, in a real browser against a real server: a server that is away, a
// session that ends, addresses that lead nowhere, readers who want no motion.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { seriousFindings } from "./browser.mjs";
import { greeting, hasFocus, Scene, until } from "./scene.mjs";

const scene = new Scene();
const withPage = (...given) => scene.withPage(...given);
const goTo = (...given) => scene.goTo(...given);
let server;
let run;

before(async () => {
  await scene.start();
  server = scene.server;
  run = (await server.submit(greeting("world"))).id;
  await scene.ended(run);
});
// A test that failed may have left it dead.
beforeEach(() => server.start());
after(() => scene.close());

const live = (page) => page.getByText("live", { exact: true });

test("a server that is away is told on every page, and what failed meanwhile is read anew", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await page.getByText("The server finds nothing wrong.").waitFor();
    await live(page).waitFor();
    await server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await page.getByLabel(/^who/).fill("nobody");
    await page.getByRole("region", { name: "Checks" }).getByText("The server does not answer").waitFor();
    assert.ok(await page.getByRole("button", { name: "Start the run" }).isDisabled());
    for (const place of ["/plugins/noop", "/system"]) {
      await goTo(page, place);
      await page.getByRole("alert").getByText("The server does not answer").first().waitFor();
      await page.getByText(/reconnecting · stale since/).waitFor();
    }
    await server.start();
    await live(page).waitFor();
    await page.getByRole("region", { name: "Engine" }).waitFor();
    await until(async () => assert.equal(await page.getByRole("alert").count(), 0));
    await goTo(page, "/new");
    await page.locator("button:enabled").getByText("Start the run").waitFor();
    assert.equal(await page.getByLabel(/^who/).inputValue(), "nobody");
  });
});

test("a session that ends asks to sign in, and leads back to where somebody was", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/new");
    await page.getByLabel("Name").fill("kept");
    await live(page).waitFor();
    const { tokens } = await server.api("GET", "/tokens");
    for (const { id, kind } of tokens) if (kind === "session") await server.api("DELETE", `/tokens/${id}`);
    await goTo(page, "/system");
    await page.getByText("The session has ended.").waitFor();
    await page.getByLabel("Token").fill("nonsense");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await page.getByLabel("Token").fill(server.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("region", { name: "Engine" }).waitFor();
    await goTo(page, "/new");
    assert.equal(await page.getByLabel("Name").inputValue(), "kept");
  });
});

test("who signs out is asked for a token, and has no session any more", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/system");
    await page.getByRole("button", { name: "Sign out" }).click();
    const token = page.getByLabel("Token", { exact: true });
    await token.waitFor();
    await page.reload();
    await token.waitFor();
  });
});

test("addresses that lead nowhere say so and what to do, and are no lost connection", async () => {
  await withPage({}, async (page) => {
    for (const [place, says] of [
      ["/runs/nonesuch/graph", /there is no run 'nonesuch'/],
      ["/plugins/nonesuch", /there is no stage type 'nonesuch'/],
      ["/new?like=nonesuch", /there is no run 'nonesuch'/],
    ]) {
      await goTo(page, place);
      await page.getByRole("alert").getByText(says).first().waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
      assert.equal(await page.getByText(/reconnecting/).count(), 0);
    }
    await goTo(page, "/nowhere");
    await page.getByText("There is no such page").waitFor();
    await page.getByRole("link", { name: "All runs", exact: true }).click();
    await page.getByRole("grid", { name: /Runs/ }).waitFor();
    await goTo(page, `/runs/${run}/graph`);
    await live(page).waitFor();
    await until(async () => assert.equal(await page.title(), `${run} · Graph · Cairn`));
  });
});

test("who wants no motion sees none", async () => {
  const moving = `cairn: 1\nname: moving\nstages:\n  a: {uses: shell, with: {run: "sleep 600"}}\n`;
  const { id } = await server.submit(moving);
  await scene.ended(id, ["running"]);
  const motions = (page) => page.evaluate(() => document.getAnimations().filter((one) => one.playState === "running").length);
  await withPage({ reducedMotion: "no-preference" }, async (page) => {
    await goTo(page, `/runs/${id}/graph`);
    await page.waitForFunction(() => document.getAnimations().length > 0);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.waitForFunction(() => document.getAnimations().length === 0);
    await page.getByRole("button", { name: "Actions", exact: true }).click();
    await page.getByRole("menuitem", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByText(/1 task at work/).waitFor();
    assert.equal(await motions(page), 0);
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the run" }).click();
    await page.getByText("Cancelled", { exact: true }).waitFor();
  });
  await scene.ended(id, ["cancelled"]);
});

test("the skip link leads past the bar, and a dialog gives the focus back", async () => {
  await withPage({}, async (page) => {
    await goTo(page, "/plugins");
    await page.getByRole("grid", { name: "Stage types" }).waitFor();
    await page.reload();
    await page.getByRole("grid", { name: "Stage types" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await hasFocus(page.locator("#main"));
    await page.keyboard.press("Tab");
    await hasFocus(page.getByLabel("Search stage types"));
    const keys = page.getByRole("button", { name: "Keys" });
    await keys.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await hasFocus(keys);
    await page.keyboard.press("/");
    await hasFocus(page.getByLabel("Search stage types"));
  });
});
