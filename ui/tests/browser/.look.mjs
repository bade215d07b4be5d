import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
const base = process.env.BASE ?? "http://localhost:5741";
const token = readFileSync((process.env.STATE ?? "/tmp/Rstate") + "/token", "utf8").trim();
const mock = process.env.MOCK === "1";
const out = "/tmp/Rshots";
const specs = process.argv.slice(2).map((s) => s.split("="));  // name=place
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
for (const [theme, width, height] of (process.env.KINDS ?? "light:1280:800,dark:1280:800,light:360:740").split(",").map((k) => k.split(":"))) {
  const context = await browser.newContext({ viewport: { width: +width, height: +height }, colorScheme: theme });
  const page = await context.newPage();
  page.on("pageerror", (e) => console.log("ERR", String(e)));
  if (mock) {
    await page.route(/\/api\/v1\/runs\?/, async (route) => {
      const r = await route.fetch(); const d = await r.json(); if (!d.runs) return route.fulfill({ response: r, json: d });
      for (const [i, row] of d.runs.entries()) { row.stages_by_status = { succeeded: 20, failed: i % 2, running: i % 3 }; row.reused = i * 3; row.outcome = { average: 0.3 + i / 20 }; row.gpu_seconds = 3600 * i; }
      await route.fulfill({ response: r, json: d });
    });
    await page.route(/\/runs\/[^/?]+\/head/, async (route) => {
      const url = route.request().url().replace("/head", "");
      const r = await route.fetch({ url }); const d = await r.json(); delete d.stages;
      Object.assign(d, { sequence: 1, tasks: { total: 27, succeeded: 27 }, reused: 11, saved: { tasks: 11, seconds: 840, gpu_seconds: 0 }, spent: { seconds: 900, cpu_seconds: 900, gpu_seconds: 5400, gpus_in_use: 2 }, estimate: { seconds: 260, basis: ["the progress of 1 running task", "the times of run 1m8cgyx1paqq1"] } });
      await route.fulfill({ response: r, json: d, status: 200, headers: { "content-type": "application/json" } });
    });
  }
  await page.goto(base);
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  for (const [name, ...rest] of specs) {
    const [place, ...acts] = rest.join("=").split(";");
    await page.goto(`${base}/#${place}`);
    await page.waitForTimeout(1500);
    for (const act of acts) {
      const [what, arg] = act.split(":");
      if (what === "click") await page.locator(arg).first().click();
      if (what === "hover") { const [x, y] = arg.split("x"); await page.mouse.move(+x, +y); }
      if (what === "wait") await page.waitForTimeout(+arg);
    }
    await page.waitForTimeout(300);
    await page.screenshot({ path: `${out}/${name}-${theme}-${width}.png` });
  }
  await context.close();
}
await browser.close();
