// The page in a real browser against a real server: live lists, the way to an error, a server that
// dies under an open tab, hostile names, accessibility in both themes.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { colours, launch, openPage, seriousFindings, signIn } from "./browser.mjs";
import { hasFocus, until } from "./scene.mjs";
import { Server } from "./server.mjs";

const failing = `cairn: 1
name: failing
stages:
  ready: {uses: shell, with: {run: "true"}}
  breaks:
    uses: shell
    after: [ready]
    with: {run: "echo the disk is on fire >&2; exit 3"}
  never: {uses: shell, after: [breaks], with: {run: "true"}}
`;
const matrix = `cairn: 1
name: matrix
labels: {team: rl}
stages:
  start: {uses: noop}
  sweep:
    uses: noop
    cache: false
    after: [start]
    matrix: {a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
  publish: {uses: noop, cache: false, after: [sweep], approval: "Publish the numbers?"}
`;
const hostile = `cairn: 1
name: hostile
labels: {x: "<img src=x onerror=alert(2)>", y: "\\u202Egnp.exe"}
stages:
  a:
    uses: shell
    description: "<svg onload=alert(3)>"
    with: {run: "echo '<b onclick=alert(4)>' >&2; exit 1"}
`;

let server;
let browser;
const ids = {};

before(async () => {
  server = new Server();
  await server.start();
  browser = await launch();
});
// A test that failed may have left it dead.
beforeEach(() => server.start());
after(async () => {
  await browser?.close();
  await server?.close();
});

async function withPage(options, body) {
  const opened = await openPage(browser, server, options);
  try {
    await signIn(opened.page, server);
    await body(opened.page);
    assert.deepEqual(opened.faults, []);
  } finally {
    await opened.close();
  }
}

const goTo = (page, place) => page.goto(`${server.url}/#${place}`);

test("an empty server says how to start a run, and a run that is submitted appears by itself", async () => {
  await withPage({}, async (page) => {
    await page.getByText("No runs yet").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
    ids.failing = (await server.submit(failing)).id;
    await page.getByRole("link", { name: "failing" }).waitFor();
    await page.getByRole("row").getByText("failed").waitFor();
  });
});

test("a red node is one click from the first line of its error", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("link", { name: "failing" }).click();
    await page.getByRole("button", { name: /^breaks/ }).click();
    await page.getByRole("complementary").getByLabel("Error message").getByText("3", { exact: false }).waitFor();
    await page.waitForURL(/stage=breaks/);
    await page.reload();
    await page.getByRole("complementary").getByLabel("Error message").waitFor();
  });
});

test("a matrix is one node with its tasks counted, and a question is answered on the page", async () => {
  ids.matrix = (await server.submit(matrix)).id;
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${ids.matrix}/graph`);
    await page.getByRole("button", { name: /^sweep.*100 tasks/ }).waitFor();
    await page.getByText("Publish the numbers?").waitFor();
    await page.getByRole("button", { name: "Answer" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: /^publish.*succeeded/ }).waitFor();
    await page.getByText("102/102 tasks").waitFor();
    await goTo(page, `/runs/${ids.matrix}/timeline`);
    await page.getByRole("application").focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary").getByRole("heading", { name: /sweep\[.*b=10/ }).waitFor();
    await goTo(page, `/runs/${ids.matrix}/tasks?q=a%3D10`);
    await page.getByRole("gridcell", { name: /^sweep\[/ }).first().waitFor();
    await until(async () => assert.equal(await page.getByRole("grid").getAttribute("aria-rowcount"), "11"));
    await goTo(page, `/runs/${ids.matrix}/tasks`);
    await page.getByRole("button", { name: "succeeded 102" }).click();
    await page.waitForURL(/status=succeeded/);
    await page.getByRole("row").getByText("succeeded").first().waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  });
});

test("filters of the list are those of the command line", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("grid").waitFor();
    await page.keyboard.press("/");
    await hasFocus(page.getByLabel("Search runs"));
    await page.keyboard.type("status=!failed label=team=rl");
    await page.getByText("1 runs").waitFor();
    assert.match(page.url(), /status=%21failed&label=team%3Drl/);
    await page.getByLabel("Search runs").fill("status=brokn");
    await page.getByText(/is no status/).waitFor();
  });
});

test("names, labels and errors of others stay text", async () => {
  ids.hostile = (await server.submit(hostile)).id;
  await withPage({}, async (page) => {
    await page.getByText("x=<img src=x onerror=alert(2)>").waitFor();
    await page.getByText("U+202E").waitFor();
    for (const tab of ["graph?stage=a", "timeline", "tasks", "events", "config"]) {
      await goTo(page, `/runs/${ids.hostile}/${tab}`);
      await page.getByRole("heading", { level: 1, name: "hostile" }).waitFor();
      await page.getByText("live", { exact: true }).waitFor();
    }
  });
});

test("a server that dies under the page: it says so, and then shows what is", async () => {
  await withPage({}, async (page) => {
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByRole("row").nth(1).waitFor();
    const rows = await page.getByRole("row").count();
    await server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    assert.equal(await page.getByRole("row").count(), rows);
    await server.start();
    await page.getByText("live", { exact: true }).waitFor();
    await server.submit(failing, { name: "afterwards" });
    await page.getByRole("link", { name: "afterwards" }).waitFor();
    await until(async () => assert.equal(await page.getByRole("row").count(), rows + 1));
  });
});

test("a run whose server dies while it waits goes on in the same tab", async () => {
  const { id } = await server.submit(matrix, { name: "outlives" });
  await withPage({}, async (page) => {
    await goTo(page, `/runs/${id}/graph`);
    await page.getByText("Publish the numbers?").waitFor();
    await server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await server.start();
    await page.getByText("live", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Answer" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByRole("button", { name: /^publish.*succeeded/ }).waitFor();
    await page.getByText("102/102 tasks").waitFor();
    assert.equal(await page.locator("[data-node]").count(), 3);
  });
});

test("the link of `cairn ui` signs in once, and leaves no trace in the address", async () => {
  const link = server.link();
  const first = await openPage(browser, server);
  await first.page.goto(link);
  await first.page.getByRole("grid", { name: /Runs/ }).waitFor();
  assert.equal(first.page.url(), `${server.url}/#/runs`);
  await first.page.reload();
  await first.page.getByRole("grid", { name: /Runs/ }).waitFor();
  assert.deepEqual(first.faults, []);
  await first.close();
  const second = await openPage(browser, server);
  await second.page.goto(link);
  await second.page.getByRole("alert").getByText("cairn ui makes another").waitFor();
  await second.close();
});

test("keys lead everywhere, and the help names them", async () => {
  await withPage({}, async (page) => {
    await page.getByRole("grid").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("Search").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("row").nth(1).focus();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/graph/);
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.getByRole("grid", { name: /Runs/ }).waitFor();
  });
});

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await withPage({ theme }, async (page) => {
      const findings = [];
      const look = async (place) => {
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${place}: ${line}`));
      };
      await page.getByRole("grid").waitFor();
      await look("runs");
      const places = ["graph?stage=sweep", "graph?as=table", "timeline", "timeline?as=table", "tasks", "events", "config"];
      for (const place of places) {
        await goTo(page, `/runs/${ids.matrix}/${place}`);
        await page.getByRole("heading", { level: 1, name: "matrix" }).waitFor();
        await page.getByText("live", { exact: true }).waitFor();
        await look(place);
      }
      await goTo(page, `/runs/${ids.failing}/graph?stage=breaks`);
      await page.getByLabel("Error message").waitFor();
      await look("an error");
      await page.getByRole("button", { name: "Actions", exact: true }).click();
      await look("the actions");
      await page.getByRole("menuitem", { name: /^Resume/ }).click();
      await page.getByRole("dialog").getByLabel("What each stage would do").waitFor();
      await look("a plan");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await look("the keys");
      await page.keyboard.press("Escape");
      await goTo(page, `/compare/${ids.failing}/${ids.matrix}`);
      await page.getByRole("grid", { name: "Differences" }).waitFor();
      await look("compare");
      await goTo(page, "/runs/nonesuch/graph");
      await page.getByRole("alert").waitFor();
      await look("a problem");
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels", async () => {
  await withPage({ width: 360, height: 740 }, async (page) => {
    for (const place of ["/runs", ...["graph", "timeline", "tasks", "events", "config"].map((tab) => `/runs/${ids.matrix}/${tab}`)]) {
      await goTo(page, place);
      await page.getByText("live", { exact: true }).waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${place} is ${wide} pixels wide`);
    }
  });
});
