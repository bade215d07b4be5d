// The tab Metrics in a real browser against a real server and real runs: what curves show at every zoom,
// runs over each other, marks, hostile names, a server that dies under the open tab.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { colours, seriousFindings } from "./browser.mjs";
import { checkpoint, messages, metric, Pipe, stage, workflow } from "./made.mjs";
import { dragOver, Scene, until } from "./scene.mjs";

const scene = new Scene();
const folder = mkdtempSync(path.join(tmpdir(), "cairn-metrics-"));
const file = (name) => path.join(folder, name);
const ids = {};
const steps = 20_000;
const spikeAt = 12_345;
const oddAt = 12_360;
const hostileName = "<img src=x onerror=alert(1)>\u202Egnp";

function* curve() {
  for (let step = 1; step <= steps; ++step) {
    yield metric("loss", step, step === spikeAt ? 50 : step === oddAt ? NaN : 1 + 1 / step);
    if (step % 5_000 === 0) yield checkpoint(step);
  }
  yield metric("once", 7, 3.5);
  for (let step = 1; step <= 3; ++step) yield metric(hostileName, step, step);
}
const falling = (from) => Array.from({ length: 500 }, (_, at) => [metric("loss", at + 1, from / (at + 1)), ...((at + 1) % 200 === 0 ? [checkpoint(at + 1)] : [])]).flat();

const forkable = (say, other) => `cairn: 1
name: parent
params: {say: {type: string, default: ${say}}}
stages:
${stage("train", { say: "${params.say}" })}${stage("second", { say: other })}`;
const watched = (bad, good) => workflow("watched", stage("train", { say: bad }, {
  more: `    watchdogs: [{metric: loss, when: above, limit: 50, action: roll_back, set: {params: {say: ${JSON.stringify(good)}}}}]\n`,
}));

before(async () => {
  await scene.start();
  const { server } = scene;
  const spoken = messages(file("curve"), [...curve()]);
  ids.curve = (await server.submit(workflow("curve", stage("train", { say: spoken })))).id;
  ids.parent = (await server.submit(forkable(messages(file("falling"), falling(100)), messages(file("second"), falling(10))))).id;
  const bad = [...falling(40).slice(0, 402), metric("loss", 401, 90)];
  ids.watched = (await server.submit(watched(messages(file("bad"), bad), file("falling")))).id;
  ids.none = (await server.submit(workflow("none", "  quiet: {uses: noop}\n"))).id;
  for (const name of ["curve", "parent", "watched", "none"]) assert.equal(await scene.ended(ids[name]), "succeeded", name);
  const params = { say: messages(file("forked"), falling(1_000)) };
  ids.fork = (await server.api("POST", `/runs/${ids.parent}/fork`, { stage: "train", step: 400, params })).id;
  assert.equal(await scene.ended(ids.fork), "succeeded");
});
beforeEach(() => scene.server.start());
after(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

const panelOf = (page, name) => page.getByRole("region", { name, exact: true });
const open = async (page, run, query = "") => {
  await scene.goTo(page, `/runs/${run}/metrics${query}`);
  await page.locator("canvas").first().waitFor();
};

// In which columns of a chart the colour stands, as shares of its width, between two heights.
async function ink(panel, variable, from, to) {
  return panel.locator("canvas").evaluate(
    (canvas, { variable: name, from: top, to: foot }) => {
      const probe = document.createElement("span");
      probe.style.color = `var(${name})`;
      document.body.append(probe);
      const wanted = getComputedStyle(probe).color.match(/\d+/g).slice(0, 3).map(Number);
      probe.remove();
      const { width, height } = canvas;
      const [y, rows] = [Math.floor(height * top), Math.ceil(height * (foot - top))];
      const { data } = canvas.getContext("2d").getImageData(0, y, width, rows);
      const found = new Set();
      for (let at = 0; at < data.length; at += 4) {
        const near = wanted.every((value, channel) => Math.abs(value - data[at + channel]) < 50);
        if (near && data[at + 3] > 120) found.add((at / 4) % width);
      }
      return [...found].sort((a, b) => a - b).map((x) => x / width);
    },
    { variable, from, to },
  );
}

test("a spike of one step and a value that is no number are seen at every zoom", async () => {
  await scene.withPage({}, async (page) => {
    for (const [from, to] of [[1, steps], [10_001, 15_000], [12_301, 12_400]]) {
      await open(page, ids.curve, from === 1 ? "" : `?from=${from}&to=${to}`);
      const panel = panelOf(page, "loss");
      await panel.getByText("1 not finite").waitFor();
      const place = (spikeAt - from) / (to - from);
      await until(async () => {
        const high = await ink(panel, "--curve-1", 0.05, 0.3);
        assert.ok(high.length > 0 && high.length < 12, `${high.length} columns are high from ${from} to ${to}`);
        // The axis takes a tenth of the width.
        assert.ok(Math.abs(high[0] - (0.1 + 0.88 * place)) < 0.05, `the spike stands at ${high[0]}, not at ${place}`);
        assert.ok((await ink(panel, "--st-failed", 0.5, 1)).length > 0, `no cross from ${from} to ${to}`);
      });
    }
  });
});

test("no chart is sent more than four numbers for each of its pixels, and says how many points there are", async () => {
  await scene.withPage({}, async (page) => {
    const sent = [];
    page.on("response", (response) => {
      if (response.url().includes("/series?")) sent.push(response.json());
    });
    await open(page, ids.curve);
    const panel = panelOf(page, "loss");
    await panel.getByText("20,000 points").waitFor();
    const { width } = await panel.locator("canvas").boundingBox();
    for (const { series } of await Promise.all(sent)) {
      const { buckets, points } = series[0];
      const numbers = ["first", "last", "min", "max"].reduce((sum, name) => sum + (buckets?.[name].length ?? 0), points?.value.length ?? 0);
      assert.ok(numbers > 0 && numbers <= 4 * width, `${numbers} numbers for ${width} pixels`);
    }
  });
});

test("a drag zooms, the address holds it, and keys zoom, move and show all", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, ids.curve);
    const panel = panelOf(page, "loss");
    await panel.getByText("20,000 points").waitFor();
    await dragOver(page, panel.locator(".u-over"), 0.25, 0.75, 50);
    await page.waitForURL(/from=\d+&to=\d+/);
    const range = () => ["from", "to"].map((name) => Number(new RegExp(`${name}=(\\d+)`).exec(page.url())?.[1]));
    const [from, to] = range();
    assert.ok(Math.abs(from - steps / 4) < 300 && Math.abs(to - (steps * 3) / 4) < 300, `${from} to ${to}`);
    await page.reload();
    await page.getByRole("button", { name: /Steps .*: show all/ }).waitFor();
    await page.getByRole("application", { name: /^loss/ }).focus();
    await page.keyboard.press("+");
    await page.waitForURL((url) => !url.hash.includes(`from=${from}&`));
    const [closer] = range();
    assert.ok(closer > from);
    await page.keyboard.press("ArrowRight");
    await page.waitForURL((url) => !url.hash.includes(`from=${closer}&`));
    assert.ok(range()[0] > closer);
    await page.keyboard.press("0");
    await page.waitForURL((url) => !url.hash.includes("from="));
  });
});

test("smoothing, the logarithm and the table stand in the address; the table says what the chart shows", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, ids.curve);
    await page.getByRole("button", { name: "EMA 10" }).click();
    await page.getByRole("button", { name: "Log scale" }).click();
    await page.waitForURL(/smooth=10.*log=true|log=true.*smooth=10/);
    await page.getByText("half-life 10 steps").waitFor();
    await scene.goTo(page, `/runs/${ids.curve}/metrics?as=table&from=12340&to=12365`);
    const grid = page.getByRole("grid", { name: "loss" });
    await grid.getByText("12345", { exact: true }).waitFor();
    await grid.getByRole("row").filter({ hasText: "12345" }).getByText("50", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Table" }).click();
    await page.locator("canvas").first().waitFor();
    assert.doesNotMatch(page.url(), /as=table/);
  });
});

test("metrics that a type does not declare are found, one point is a curve, and a hostile name is text", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, ids.curve);
    await panelOf(page, "once").getByText("3.5").waitFor();
    const hostile = page.getByText("<img src=x onerror=alert(1)>");
    await hostile.waitFor();
    await page.getByText("U+202E").first().waitFor();
    await page.getByLabel("Search metrics").fill("onc");
    await hostile.waitFor({ state: "detached" });
    await panelOf(page, "once").waitFor();
    await page.waitForURL(/q=onc/);
    await page.getByLabel("Search metrics").fill("nonesuch");
    await page.getByText("No metric has such a name").waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    await scene.goTo(page, `/runs/${ids.none}/metrics`);
    await page.getByText("No metrics yet").waitFor();
  });
});

test("two runs lie over each other, picked on the page; a fork begins at its fork point", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, ids.parent);
    await page.getByRole("button", { name: "Lay over…" }).click();
    await page.getByLabel("Run to lay over").selectOption(ids.fork);
    await page.getByLabel("Stage to lay over").selectOption("train");
    await page.waitForURL((url) => decodeURIComponent(url.hash).includes(`${ids.fork}/train`));
    const panel = panelOf(page, "loss");
    await panel.getByText(`${ids.fork}/train`).waitFor();
    await until(async () => {
      const [own, forked] = [await ink(panel, "--curve-1", 0, 1), await ink(panel, "--curve-2", 0, 1)];
      assert.ok(own[0] < 0.3 && forked[0] > 0.7, `they begin at ${own[0]} and ${forked[0]}`);
    });
    await scene.goTo(page, `/runs/${ids.parent}/metrics?of=train&of=${ids.fork}/train&as=table&from=398&to=403`);
    const grid = page.getByRole("grid", { name: "loss" });
    const rows = () => grid.getByRole("row").allInnerTexts();
    await grid.getByText(`${ids.fork}/train`).first().waitFor();
    await until(async () => assert.ok((await rows()).some((row) => row.includes("forks at step 400"))));
    const forked = (await rows()).filter((row) => row.includes(ids.fork)).map((row) => Number(/^\d+/.exec(row)?.[0]));
    assert.deepEqual(forked.filter((step) => step > 400), [401, 402, 403]);
    assert.ok(forked.every((step) => step >= 400), `${forked}`);
  });
});

test("eight curves lie over each other, each with a look of its own", async () => {
  await scene.withPage({}, async (page) => {
    const keys = ["train", "second", ...["curve", "fork", "watched"].map((name) => `${ids[name]}/train`), `${ids.fork}/second`];
    await open(page, ids.parent, `?${keys.map((key) => `of=${key}`).join("&")}`);
    const looks = panelOf(page, "loss").locator("svg line");
    await looks.nth(keys.length - 1).waitFor({ state: "attached" });
    const seen = await looks.evaluateAll((lines) => lines.map((line) => `${line.getAttribute("stroke")} ${line.getAttribute("stroke-dasharray")}`));
    assert.equal(new Set(seen).size, keys.length);
    await page.getByRole("button", { name: `Leave out ${ids.fork}/second` }).click();
    await page.waitForURL((url) => !url.hash.includes("second%22%5D") && !decodeURIComponent(url.hash).includes(`${ids.fork}/second`));
  });
});

test("checkpoints and watchdogs are marks on the axis, told where they are pointed at and in the table", async () => {
  await scene.withPage({}, async (page) => {
    await open(page, ids.watched);
    const panel = panelOf(page, "loss");
    await until(async () => assert.ok((await ink(panel, "--st-failed", 0, 1)).length > 0));
    const over = panel.locator(".u-over");
    await over.hover({ position: { x: ((await over.boundingBox()).width * 400) / 499, y: 40 } });
    await panel.getByText("watchdog: loss was 90 at step 401").waitFor();
    await panel.getByText(/checkpoint of train at step 400/).waitFor();
    await scene.goTo(page, `/runs/${ids.watched}/metrics?as=table&from=395&to=405`);
    await page.getByRole("row").filter({ hasText: "watchdog: loss was 90" }).waitFor();
  });
});

test("curves grow as the stage runs, and go on behind a server that died, with nothing twice", async () => {
  const pipe = new Pipe(file("pipe"));
  const { id } = await scene.server.submit(workflow("live", stage("train", { listen: pipe.file })));
  const say = (from, to) => pipe.tell(...Array.from({ length: to - from + 1 }, (_, at) => metric("reward", from + at, at)));
  say(1, 50);
  await scene.withPage({}, async (page) => {
    await scene.goTo(page, `/runs/${id}/metrics?of=train`);
    const panel = panelOf(page, "reward");
    await panel.getByText("50 points", { exact: true }).waitFor();
    say(51, 80);
    await panel.getByText("80 points", { exact: true }).waitFor();
    await scene.server.kill();
    await page.getByText(/reconnecting · stale since/).waitFor();
    await panel.getByText("80 points", { exact: true }).waitFor();
    say(81, 120);
    await scene.server.start();
    await page.getByText("live", { exact: true }).waitFor();
    await panel.getByText("120 points", { exact: true }).waitFor();
    pipe.close();
    await page.getByText("succeeded", { exact: true }).first().waitFor();
    await scene.goTo(page, `/runs/${id}/metrics?of=train&as=table&from=70&to=90`);
    const grid = page.getByRole("grid", { name: "reward" });
    await grid.getByText("70", { exact: true }).waitFor();
    await until(async () => assert.equal(await grid.getAttribute("aria-rowcount"), "22"));
  });
});

for (const theme of ["light", "dark"]) {
  test(`no serious finding of axe, ${theme}`, async () => {
    await scene.withPage({ theme }, async (page) => {
      const findings = [];
      for (const query of ["", "?smooth=10&log=true", `?of=train&of=${ids.fork}/train`, "?as=table&from=12300&to=12400", "?q=nonesuch"]) {
        await scene.goTo(page, `/runs/${query.includes("fork") || query.includes(ids.fork) ? ids.parent : ids.curve}/metrics${query}`);
        await page.locator(query.includes("table") ? "[data-index]" : query.includes("none") ? "text=No metric has" : "canvas").first().waitFor();
        findings.push(...(await seriousFindings(page, theme === "light" ? undefined : colours)).map((line) => `${query}: ${line}`));
      }
      assert.deepEqual(findings, []);
    });
  });
}

test("nothing is cut off at 360 pixels, and the keyboard alone reaches everything", async () => {
  await scene.withPage({ width: 360, height: 740 }, async (page) => {
    for (const query of ["", `?of=train&of=${ids.fork}/train`, "?as=table"]) {
      await scene.goTo(page, `/runs/${query.includes(ids.fork) ? ids.parent : ids.curve}/metrics${query}`);
      await page.locator(query.includes("table") ? "[data-index]" : "canvas").first().waitFor();
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, query);
    }
    await open(page, ids.curve);
    await page.getByRole("button", { name: "Raw" }).focus();
    for (let turn = 0; turn < 12; ++turn) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.getAttribute("role") === "application")) return;
    }
    assert.fail("Tab never reaches a chart");
  });
});
