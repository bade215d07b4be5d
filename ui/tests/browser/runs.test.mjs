// The list of runs with its picture and its actions, the head of a run, the drawer and the timeline, in a
// real browser against a real server; and a page whose stream is cut off.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { dragOver, hasFocus, Scene, until } from "./scene.mjs";

const scene = new Scene();
const ids = {};

const quick = (name) => `cairn: 1\nname: ${name}\nstages: {a: {uses: noop}, b: {uses: noop, cache: false, after: [a]}}\n`;
const asking = (name) => `cairn: 1\nname: ${name}\nstages: {a: {uses: noop}, b: {uses: noop, after: [a], approval: "Go on?"}}\n`;
// Its long stage goes on until the file is there.
const slow = (gate) => `cairn: 1
name: slow
stages:
  first: {uses: noop}
  long: {uses: shell, cache: false, after: [first], with: {run: "sleep 1; while [ ! -e '${gate}' ]; do sleep 0.1; done"}}
  last: {uses: noop, cache: false, after: [long]}
`;
const breaking = `cairn: 1
name: breaking
stages:
  ready: {uses: noop}
  train:
    uses: shell
    after: [ready]
    retry: {max_attempts: 2, backoff: 1s}
    with:
      run: "echo no room on the device >&2; exit 3"
`;
const wide = `cairn: 1
name: wide
stages:
  begin: {uses: noop}
${Array.from({ length: 70 }, (_, at) => `  shard_${at}: {uses: noop, after: [begin]}`).join("\n")}
`;

before(async () => {
  await scene.start();
  ids.quick = (await scene.server.submit(quick("quick"))).id;
  await scene.ended(ids.quick);
  ids.again = (await scene.server.submit(quick("again"))).id;
  await scene.ended(ids.again);
  const open = path.join(scene.server.state, "open");
  writeFileSync(open, "");
  ids.slow = (await scene.server.submit(slow(open))).id;
  ids.ended = (await scene.server.submit(asking("ended"))).id;
  await scene.ended(ids.slow);
  await scene.ended(ids.ended);
  // The picture of runs that go on moves with the time.
  await scene.server.api("POST", `/runs/${ids.ended}/cancel`);
  await scene.ended(ids.ended, ["cancelled"]);
});
beforeEach(() => scene.server.start());
after(() => scene.close());

const actionsOf = (page, name) => page.getByRole("button", { name: new RegExp(`^Actions of ${name} `) });
const rowOf = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

test("each row has its actions: pause, go on, cancel, delete, without leaving the list", async () => {
  const { id } = await scene.server.submit(asking("doomed"));
  await scene.withPage({}, async (page) => {
    const button = actionsOf(page, "doomed");
    await button.click();
    const menu = page.getByRole("menu", { name: "Actions of doomed" });
    await menu.getByRole("menuitem", { name: /^Answer b/ }).waitFor();
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
    await hasFocus(button);
    for (const [item, verb, status] of [
      [/^Pause/, "Pause the run", "paused"],
      [/^Go on/, "Go on", "waiting"],
      [/^Cancel/, "Cancel the run", "cancelled"],
    ]) {
      await button.click();
      await menu.getByRole("menuitem", { name: item }).click();
      await page.getByRole("dialog").getByRole("button", { name: verb, exact: true }).click();
      await rowOf(page, "doomed").getByText(status, { exact: true }).waitFor();
    }
    await button.click();
    await menu.getByRole("menuitem", { name: /^Delete/ }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("doomed");
    await page.getByRole("dialog").getByRole("button", { name: "Delete the run" }).click();
    await rowOf(page, "doomed").waitFor({ state: "detached" });
    await assert.rejects(scene.server.api("GET", `/runs/${id}`), /404/);
  });
});

test("a run is compared with another from the menus of their rows", async () => {
  await scene.withPage({}, async (page) => {
    await actionsOf(page, "quick").click();
    await page.getByRole("menuitem", { name: "Compare with…" }).click();
    await page.getByText("Choose another run to compare").waitFor();
    await page.waitForURL(new RegExp(`pick=${ids.quick}`));
    await actionsOf(page, "again").click();
    await page.getByRole("menuitem", { name: "Compare with the chosen run" }).click();
    await page.waitForURL(new RegExp(`/compare/${ids.quick}/${ids.again}`));
  });
});

test("the picture leads to a run by click and by key, narrows the list by a drag, and stands in the URL", async () => {
  await scene.withPage({}, async (page) => {
    await page.getByRole("link", { name: "slow", exact: true }).waitFor();
    await until(async () => assert.equal(await page.locator("[data-run]").count(), (await page.getByRole("row").count()) - 1));
    // A few pixels beside a bar are on it.
    const bar = page.locator(`[data-run="${ids.slow}"]`);
    await bar.click({ position: { x: (await bar.boundingBox()).width / 2, y: -4 }, force: true });
    await page.waitForURL(new RegExp(`/runs/${ids.slow}/graph`));
    await page.goBack();
    await page.locator(`[data-run="${ids.ended}"]`).focus();
    await page.keyboard.press("Home");
    await page.waitForFunction((id) => document.activeElement?.dataset.run === id, ids.quick);
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((id) => document.activeElement?.dataset.run === id, ids.again);
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/runs/${ids.again}/graph`));
    await page.goBack();
    const picture = page.locator("svg:has([data-run])");
    await bar.hover();
    const [box, first] = [await picture.boundingBox(), await bar.boundingBox()];
    await dragOver(page, picture, (first.x - 2 - box.x) / box.width, 1 - 4 / box.width, 30);
    await page.waitForURL(/created_after=.*created_before=/);
    await page.getByRole("link", { name: "quick", exact: true }).waitFor({ state: "detached" });
    await page.reload();
    await page.getByRole("link", { name: "slow", exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "quick", exact: true }).count(), 0);
    await page.getByRole("button", { name: "All times" }).click();
    await page.getByRole("link", { name: "quick", exact: true }).waitFor();
    await page.getByRole("button", { name: "Hide the picture" }).click();
    await page.waitForURL(/charts=off/);
    await page.reload();
    await page.getByRole("link", { name: "quick", exact: true }).waitFor();
    assert.equal(await page.locator("[data-run]").count(), 0);
  });
});

test("a run that is begun a second time says how long it takes, from what the first took, and what it reuses", async () => {
  const gate = path.join(scene.server.state, "gate");
  const { id } = await scene.server.submit(slow(gate));
  await scene.withPage({}, async (page) => {
    await scene.goTo(page, `/runs/${id}/graph`);
    await page.getByText(`from the times of run ${ids.slow}`, { exact: false }).waitFor();
    await page.getByText("less than a minute left").waitFor();
    await page.getByText(/^1 task reused/).waitFor();
    writeFileSync(gate, "");
    await page.getByText("3/3 tasks").waitFor();
    await page.getByText(/ left$/).waitFor({ state: "detached" });
    await scene.goTo(page, `/runs/${id}/graph?stage=first`);
    await page.getByRole("complementary").getByText("cached", { exact: true }).waitFor();
    await page.getByRole("complementary").getByRole("link", { name: /\/(first|a)$/ }).click();
    await page.waitForURL((url) => !url.hash.includes(id));
    await page.getByRole("complementary").getByText("succeeded", { exact: true }).first().waitFor();
  });
});

test("a failed task shows its attempts as segments, and where in the workflow its error has its cause", async () => {
  const { id } = await scene.server.submit(breaking);
  await scene.ended(id);
  await scene.withPage({}, async (page) => {
    await scene.goTo(page, `/runs/${id}/graph`);
    await page.getByText("failed: ", { exact: false }).first().waitFor();
    await page.getByRole("button", { name: /^train.*failed/ }).click();
    const drawer = page.getByRole("complementary");
    await drawer.getByRole("region", { name: "Error message" }).getByText("no room on the device").waitFor();
    const place = drawer.getByRole("region", { name: /Where it stands in the workflow: line 10, column 7/ });
    await until(async () => assert.match(await place.innerText(), /run: "echo no room[^\n]*\n *\^\^\^/));
    await drawer.getByRole("heading", { name: "2 attempts" }).waitFor();
    await drawer.getByText(/waited for its retry .* ran /).waitFor();
    await drawer.getByText("1 CPU", { exact: false }).waitFor();
    assert.deepEqual(await seriousFindings(page), []);
  });
});

test("in the timeline a task of a millisecond beside one of seconds is clicked", async () => {
  await scene.withPage({}, async (page) => {
    await scene.goTo(page, `/runs/${ids.slow}/timeline`);
    const chart = page.getByRole("application", { name: /^Timeline/ });
    await page.getByText("3/3 tasks").waitFor();
    const { stage, created } = await scene.server.api("GET", `/runs/${ids.slow}/timeline`);
    const order = stage.map((at, n) => ({ at, created: created[n] })).sort((a, b) => a.created - b.created);
    const row = order.findIndex(({ at }) => at === 2);
    // Ten pixels before where it ran, which is the end of all.
    await chart.click({ position: { x: (await chart.boundingBox()).width - 16 - 10, y: 58 + row * 24 + 12 } });
    await page.getByRole("complementary").getByRole("heading", { name: /last/ }).waitFor();
    await page.waitForURL(/stage=last/);
  });
});

test("groups of stages are unfolded in the URL, and reached with arrow keys", async () => {
  const { id } = await scene.server.submit(wide);
  await scene.ended(id);
  await scene.withPage({}, async (page) => {
    await scene.goTo(page, `/runs/${id}/graph`);
    const group = page.getByRole("button", { name: /^shard.*70 stages/ });
    await page.getByRole("button", { name: /^begin/ }).focus();
    await page.keyboard.press("ArrowDown");
    await hasFocus(group);
    await page.keyboard.press("Enter");
    await page.waitForURL(/open=shard/);
    await page.locator("[data-node]").nth(70).waitFor();
    await page.reload();
    await page.locator("[data-node]").nth(70).waitFor();
    await page.getByRole("button", { name: "Fold groups" }).click();
    await group.waitFor();
    await page.waitForURL((url) => !url.hash.includes("open="));
    await page.getByRole("link", { name: "Show as table" }).click();
    await until(async () => assert.equal(await page.getByRole("grid", { name: "Stages" }).getAttribute("aria-rowcount"), "72"));
  });
});

test("without the stream the page says since when it is stale, and still learns what happens", async () => {
  await scene.withPage({}, async (page) => {
    await page.getByText("live", { exact: true }).waitFor();
    await page.route("**/api/v1/events?*", (route) => route.abort());
    await page.reload();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await scene.server.submit(quick("polled"));
    await page.getByRole("link", { name: "polled" }).waitFor();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await page.unroute("**/api/v1/events?*");
    await page.getByText("live", { exact: true }).waitFor();
  });
});

test("at 360 pixels the list has its actions, and nothing is cut off", async () => {
  await scene.withPage({ width: 360, height: 740 }, async (page) => {
    await actionsOf(page, "quick").click();
    await page.getByRole("menuitem").first().hover();
    const menu = await page.getByRole("menu").boundingBox();
    assert.ok(menu.x >= 0 && menu.x + menu.width <= 360, `the menu lies at ${menu.x}, ${menu.width} wide`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Show as picture" }).click();
    await page.locator("[data-run]").first().waitFor();
    for (const place of ["/runs?charts=on", `/runs/${ids.slow}/graph`, `/runs/${ids.slow}/graph?stage=long`]) {
      await scene.goTo(page, place);
      await page.getByText("live", { exact: true }).waitFor();
      await page.locator("[data-run], [data-node]").first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place} is ${wide} pixels wide`);
    }
  });
});

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe on the list with its picture and an open menu, ${theme}`, async () => {
    await scene.withPage({ theme }, async (page) => {
      await page.locator("[data-run]").first().waitFor();
      await actionsOf(page, "quick").click();
      await page.getByRole("menu").waitFor();
      assert.deepEqual(await seriousFindings(page, theme === "light" ? undefined : colours), []);
    });
  });
}
