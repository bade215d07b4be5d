// The tab Logs in a real browser against a real server and real runs: search with hit positions, levels,
// colours, links to lines, downloads, following, hostile bytes, a server that dies under the open tab.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { log, messages, Pipe, stage, workflow } from "./made.mjs";
import { hasFocus, Scene, until } from "./scene.mjs";

const scene = new Scene();
const folder = mkdtempSync(path.join(tmpdir(), "cairn-logs-"));
const file = (name) => path.join(folder, name);
const ids = {};
const count = 3_000;

const levelOf = (at) => (at % 500 === 0 ? "error" : at % 100 === 0 ? "warning" : "info");
const records = Array.from({ length: count }, (_, at) => log(`record ${at + 1} of the log, needle-${(at + 1) % 1000}`, levelOf(at + 1)));
const hostile = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(2)>",
  "turned \u202Egnp.exe and zero\u200Bwidth",
  '{"json": not json',
  "\u001b]8;;http://evil.test\u0007link\u001b]8;;\u0007 and \u001b]52;c;cm0=\u0007",
].map((text) => log(text, "warning"));

const long = "0123456789".repeat(1_000_000);
const output = Buffer.concat([
  Buffer.from("\u001b[31;1mred words\u001b[0m and plain ones\n"),
  Buffer.from([0x62, 0x61, 0x64, 0x20, 0xff, 0xfe, 0x00, 0x20, 0x62, 0x79, 0x74, 0x65, 0x73, 0x0a]),
  Buffer.from("progress 1 %\rprogress 99 %\n"),
  Buffer.from(`${long} end of the long line\n`),
  Buffer.from("<b onclick=alert(3)>last line</b>\n"),
]);

before(async () => {
  await scene.start();
  const said = messages(file("said"), [...records, ...hostile]);
  writeFileSync(file("output"), output);
  const stages = [stage("talks", { say: said, print: file("output") }), "  quiet: {uses: noop}\n", stage("other", { say: messages(file("other"), [log("only in the other one")]) })];
  ids.logs = (await scene.server.submit(workflow("logs", ...stages))).id;
  ids.fails = (await scene.server.submit(workflow("fails", stage("quiet", {}), stage("breaks", { say: messages(file("why"), [log("the disk is full", "error")]), code: 3 })))).id;
  assert.equal(await scene.ended(ids.logs), "succeeded");
  assert.equal(await scene.ended(ids.fails), "failed");
});
beforeEach(() => scene.server.start());
after(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (page, query = "?of=talks", run = ids.logs) => {
  await scene.goTo(page, `/runs/${run}/logs${query}`);
  await page.getByRole("region", { name: /^(Log|Output) of/ }).waitFor();
};
const lines = (page) => page.getByRole("region", { name: /^(Log|Output) of/ });
const inSight = (locator) =>
  locator.evaluate((element) => {
    const box = element.getBoundingClientRect();
    const around = element.closest('[role="region"]').getBoundingClientRect();
    return box.top >= around.top - 1 && box.bottom <= around.bottom + 1;
  });

test("a log opens at its end, Home and End lead to its ends, and only a part of it is on the page", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByText(`${(count + hostile.length).toLocaleString("en")} lines`).waitFor();
    await lines(page).getByText("not json").waitFor();
    await lines(page).focus();
    await hasFocus(lines(page));
    await page.keyboard.press("Home");
    await lines(page).getByText("record 1 of the log").waitFor();
    await until(async () => assert.ok(await inSight(lines(page).getByText("record 1 of the log", { exact: false }).first())));
    await page.keyboard.press("End");
    const last = lines(page).getByText("not json");
    await last.waitFor();
    await until(async () => assert.ok(await inSight(last)));
    const { width, height } = page.viewportSize();
    await page.setViewportSize({ width, height: height - 200 });
    await until(async () => assert.ok(await inSight(last), "it stays at the end where there is less room"));
    await page.setViewportSize({ width, height });
    assert.ok((await page.locator("[data-offset]").count()) <= 800);
    await page.getByLabel("Line", { exact: false }).last().fill("1500");
    await page.keyboard.press("Enter");
    await lines(page).getByText("record 1500 of").waitFor();
  });
});

test("a line's link survives a reload, with the line in sight", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, "?of=talks&line=1234");
    const line = page.locator('[aria-current="location"]');
    await line.getByText("record 1234 of").waitFor();
    await until(async () => assert.ok(await inSight(line)));
    await page.getByRole("button", { name: "1,236", exact: true }).click();
    await page.waitForURL(/line=1236/);
    await page.reload();
    await line.getByText("record 1236 of").waitFor();
    await until(async () => assert.ok(await inSight(line)));
  });
});

test("a search runs over the whole log on the server, and n and N go from hit to hit", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByLabel("Search the log").fill("needle-77");
    await page.getByText("33 hits").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.getByText("1 of 33 hits").waitFor();
    const line = page.locator('[aria-current="location"]');
    await line.getByText("record 77 of").waitFor();
    assert.equal(await line.locator("mark").innerText(), "needle-77");
    await page.keyboard.press("N");
    await page.getByText("33 of 33 hits").waitFor();
    await line.getByText("record 2779 of").waitFor();
    await page.reload();
    await page.getByText("33 of 33 hits").waitFor();
    await page.getByLabel("Search the log").fill("record 1[0-4] of");
    await page.getByRole("button", { name: "Regex" }).click();
    await page.getByText(/5 hits/).waitFor();
    await page.getByRole("button", { name: "Only hits" }).click();
    await lines(page).getByText("record 14 of").waitFor();
    await until(async () => assert.equal(await page.locator("[data-offset]").count(), 5));
    await page.getByLabel("Search the log").fill("record (1");
    await page.getByRole("alert").or(page.getByRole("status").filter({ hasText: /pattern|parenthesis/ })).first().waitFor();
  });
});

test("levels narrow it on the server, in the address", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    await page.getByRole("button", { name: "error", exact: true }).click();
    await page.waitForURL(/level=error/);
    await lines(page).getByText("record 500 of").waitFor();
    await lines(page).getByText("not json").waitFor({ state: "detached" });
    await until(async () => assert.equal(await page.locator("[data-offset]").count(), count / 500));
    await page.reload();
    await lines(page).getByText("record 500 of").waitFor();
    await until(async () => assert.equal(await page.locator("[data-offset]").count(), count / 500));
  });
});

test("the whole is downloaded, and what the filter leaves", async () => {
  await scene.withPage({}, async (page) => {
    const downloaded = async (button) => {
      const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
      return readFileSync(await download.path());
    };
    await open(page, "?of=talks&source=output");
    assert.deepEqual(await downloaded(page.getByRole("link", { name: "Download" })), output);
    await open(page, "?of=talks&level=error&q=record&only=true");
    const text = (await downloaded(page.getByRole("button", { name: "Download filtered" }))).toString();
    assert.equal(text.trim().split("\n").length, count / 500);
    assert.ok(text.split("\n").filter(Boolean).every((line) => / error record \d+ of/.test(line)));
    await page.getByText("6 lines downloaded").waitFor();
    await open(page, "?of=talks&source=output&q=end+of+the+long&only=true");
    assert.equal((await downloaded(page.getByRole("button", { name: "Download filtered" }))).toString(), `${long} end of the long line\n`);
  });
});

test("hostile text is text, bytes that are none are shown, colours are colours", async () => {
  await scene.withPage({}, async (page) => {
    await open(page);
    for (const text of ["<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "U+202E", "U+200B", '{"json": not json', "U+001B"])
      await lines(page).getByText(text).first().waitFor();
    assert.equal(await page.locator("main :is(script, img, a[href*=evil])").count(), 0);
    await open(page, "?of=talks&source=output");
    const red = lines(page).getByText("red words");
    await red.waitFor();
    assert.match(await red.evaluate((element) => element.closest("[class*=front]")?.className ?? ""), /front-red/);
    await lines(page).getByText(/bad \\xff\\xfe|bad .*U\+0000/).waitFor();
    await lines(page).getByText("<b onclick=alert(3)>last line</b>").waitFor();
    assert.equal(await page.locator("main b[onclick]").count(), 0);
  });
});

test("a line of 10 MB is cut, and read on; the search finds what stands at its end", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, "?of=talks&source=output");
    const button = page.getByRole("button", { name: /MB in all, show all|MiB in all, show all/ });
    await button.waitFor();
    const before = (await lines(page).innerText()).length;
    assert.ok(before < 20_000);
    await button.click();
    await page.getByRole("button", { name: /show more of/ }).waitFor();
    assert.ok((await lines(page).innerText()).length > 200_000);
    await page.getByRole("button", { name: "Wrap" }).click();
    await page.waitForURL(/wrap=true/);
    await page.getByLabel("Search the log").fill("end of the long");
    await page.getByText("1 hits").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    await page.getByRole("status").getByText("end of the long line").waitFor();
  });
});

test("the logs of all tasks are one by time, filtered and searched on the server, and lead to each task's own", async () => {
  await scene.withPage({}, async (page) => {
    const merged = page.getByRole("region", { name: "Log of all tasks" });
    await scene.goTo(page, `/runs/${ids.logs}/logs`);
    await merged.locator("[data-offset]").first().waitFor();
    for (const text of ["only in the other one", "<script>alert(1)</script>"]) {
      await page.getByLabel("Search the log").fill(text);
      await merged.locator("mark").getByText(text, { exact: true }).first().waitFor();
    }
    await page.getByLabel("Search the log").fill("");
    await merged.press("Home");
    await merged.getByText("record 1 of the log").waitFor();
    await page.getByLabel("Search the log").fill("needle-77");
    await page.getByText("33 hits").waitFor();
    assert.equal(await merged.locator("mark").first().innerText(), "needle-77");
    await page.reload();
    await page.getByText("33 hits").waitFor();
    await page.getByLabel("Search the log").fill("");
    await page.getByRole("button", { name: "error", exact: true }).click();
    await merged.getByText("record 500 of").waitFor();
    await merged.getByText("only in the other one").waitFor({ state: "detached" });
    await until(async () => assert.equal(await merged.locator("[data-offset]").count(), count / 500));
    await merged.getByRole("link", { name: "talks" }).first().click();
    await page.locator('[aria-current="location"]').getByText("record 500 of").waitFor();
  });
});

test("what failed is shown first; what wrote nothing says so and leads to the output", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, "", ids.fails);
    await lines(page).getByText("the disk is full").waitFor();
    await open(page, "?of=quiet");
    await page.getByText("Nothing was written").waitFor();
    await page.getByRole("button", { name: "Show the output" }).click();
    await page.waitForURL(/source=output/);
  });
});

test("what is written is followed at the bottom alone, and goes on behind a server that died", async () => {
  const pipe = new Pipe(file("pipe"));
  const { id } = await scene.server.submit(workflow("live", stage("talks", { listen: pipe.file })));
  const say = (from, to) => pipe.tell(...Array.from({ length: to - from + 1 }, (_, at) => log(`said ${from + at}.`)));
  await scene.withPage({}, async (page) => {
    await open(page, "?of=talks", id);
    await page.getByText("Nothing written yet").waitFor();
    say(1, 100);
    const line = (number) => lines(page).getByText(`said ${number}.`, { exact: false });
    await line(100).waitFor();
    await until(async () => assert.ok(await inSight(line(100))));
    await page.getByText("follows", { exact: true }).waitFor();
    await lines(page).evaluate((element) => element.scrollTo({ top: 0 }));
    await page.getByText("grows; go to the end to follow").waitFor();
    say(101, 150);
    await scene.server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await until(async () => assert.ok(await inSight(line("1"))));
    say(151, 200);
    await scene.server.start();
    await page.getByText("live", { exact: true }).waitFor();
    assert.ok(await inSight(line("1")), "what was read has moved");
    await lines(page).focus();
    await page.keyboard.press("End");
    await line(200).waitFor();
    say(201, 210);
    await line(210).waitFor();
    await until(async () => assert.ok(await inSight(line(210))));
    await scene.server.kill();
    await page.getByText("cannot be read now; what was read before is shown").waitFor();
    say(211, 220);
    await scene.server.start();
    await line(220).waitFor();
    const texts = await lines(page).locator("[data-offset]").allInnerTexts();
    const numbers = texts.map((text) => Number(/said (\d+)\./.exec(text)?.[1]));
    assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, at) => 221 - numbers.length + at));
    pipe.close();
    await page.getByText("follows", { exact: true }).waitFor({ state: "detached" });
  });
});

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await scene.withPage({ theme }, async (page) => {
      const findings = [];
      // Few lines: each of them is looked at.
      for (const query of ["?of=talks&level=error", "?of=talks&q=needle-777&only=true&line=777", "?of=talks&source=output&wrap=true", "?of=quiet"]) {
        await open(page, query);
        await page.getByText(/lines ·/).waitFor();
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${query}: ${line}`));
      }
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels, and the keyboard alone reaches the lines", async () => {
  await scene.withPage({ width: 360, height: 740 }, async (page) => {
    for (const query of ["?of=talks", "?of=talks&source=output&wrap=true", "?of=talks&q=needle-77&line=77"]) {
      await open(page, query);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, query);
      const { height } = await lines(page).boundingBox();
      assert.ok(height > 180, `${height} pixels are left for the log, ${query}`);
    }
    await page.getByRole("button", { name: "Wrap" }).focus();
    for (let turn = 0; turn < 8; ++turn) {
      await page.keyboard.press("Tab");
      if (await lines(page).evaluate((element) => element === document.activeElement)) return;
    }
    assert.fail("Tab never reaches the lines");
  });
});

test("a line of the log of all tasks has a link of its own, and the whole or what is filtered is downloaded", async () => {
  await scene.withPage({}, async (page) => {
    const merged = page.getByRole("region", { name: "Log of all tasks" });
    await scene.goTo(page, `/runs/${ids.logs}/logs?of=*&level=error`);
    const line = merged.getByRole("listitem").filter({ hasText: "record 1000 of" });
    await merged.press("Home");
    await line.getByRole("link", { name: /^Link to the line of/ }).click();
    await page.waitForURL(/entry=/);
    const here = merged.locator('[aria-current="location"]');
    await here.getByText("record 1000 of").waitFor();
    await page.getByRole("button", { name: "error", exact: true }).click();
    await page.waitForURL((url) => !url.hash.includes("level="));
    await page.reload();
    await here.getByText("record 1000 of").waitFor();
    assert.ok(await inSight(here));
    await merged.getByText("record 999 of").waitFor();
    await merged.getByText("record 1001 of").waitFor();
    await merged.press("End");
    await page.waitForURL((url) => !url.hash.includes("entry="));

    await page.getByLabel("Search the log").fill("needle-77");
    const read = async (name) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name, exact: true }).click()]);
      return { name: file.suggestedFilename(), lines: readFileSync(await file.path(), "utf8").split("\n").filter(Boolean) };
    };
    const filtered = await read("Download filtered");
    assert.equal(filtered.name, `${ids.logs}-filtered.log`);
    assert.equal(filtered.lines.length, 33);
    assert.ok(filtered.lines.every((text) => /^\S+Z \w+ \S+#1 .*needle-77/.test(text)));
    const whole = await read("Download");
    assert.ok(whole.lines.length > count, `${whole.lines.length}`);
    assert.deepEqual(whole.lines.map((text) => text.slice(0, 24)), whole.lines.map((text) => text.slice(0, 24)).sort());
  });
});
