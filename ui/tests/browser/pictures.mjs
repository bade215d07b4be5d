// pictures.mjs STATE OUT [NAME...]: serves a state folder with CAIRN_BIN's cairn and takes a picture of
// every page, or of those that are named, in both themes. STATE is written to: give it a copy.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { launch, openPage, signIn } from "./browser.mjs";
import { Server } from "./server.mjs";

const [state, out, ...names] = process.argv.slice(2);
if (!state || !out) {
  console.error("usage: pictures.mjs STATE OUT [NAME...]");
  process.exit(2);
}

// Of a run: its newest, and the one that ran everything itself. A new screen is a line here; a dialog
// says which action opens it where.
function places(runs, best) {
  const newest = runs[0]?.id;
  const first = runs.at(-1)?.id;
  return {
    runs: "/runs",
    graph: `/runs/${newest}/graph`,
    stage: `/runs/${first}/graph?stage=rl1`,
    timeline: `/runs/${first}/timeline`,
    tasks: `/runs/${newest}/tasks`,
    metrics: `/runs/${first}/metrics?of=rl1`,
    logs: `/runs/${first}/logs?of=rl1`,
    rollouts: `/runs/${first}/rollouts?of=rl1`,
    rollout: `/runs/${first}/rollouts/9?of=rl1&colour=entropy`,
    group: `/runs/${first}/rollouts/group?of=rl1&step=${best.rl1.step}&sample=${best.rl1.sample}&colour=entropy`,
    memory: `/runs/${first}/rollouts/group?of=memory&step=${best.memory.step}&sample=${best.memory.sample}&node=0.1`,
    events: `/runs/${newest}/events`,
    config: `/runs/${newest}/config`,
    artifacts: `/runs/${newest}/artifacts`,
    record: `/runs/${newest}/artifacts?at=curate.heldout&number=130`,
    weights: `/runs/${newest}/artifacts?at=rl1.model`,
    lineage: `/runs/${newest}/lineage?at=eval_rl1.scores`,
    report: `/runs/${newest}/report`,
    ...(newest !== first && {
      compare: `/compare/${newest}/${first}`,
      scores: `/compare/${newest}/${first}?view=scores`,
    }),
    new: "/new",
    again: `/new?like=${first}`,
    rerun: { in: `/runs/${first}/graph`, act: "Run anew from a stage…" },
    fork: { in: `/runs/${first}/graph`, act: "Fork…" },
    plugins: "/plugins/rl_stage",
    system: "/system",
  };
}

mkdirSync(out, { recursive: true });
const server = new Server(state);
await server.start();
const browser = await launch();
const { runs } = await server.api("GET", "/runs?limit=1000");
// A group of which some answers were right.
const best = {};
for (const stage of ["rl1", "memory"]) {
  const { rollouts } = await server.api("GET", `/runs/${runs.at(-1).id}/stages/${stage}/rollouts?sort=-advantage&limit=1`);
  const { step, sample } = rollouts[0];
  best[stage] = { step, sample: encodeURIComponent(sample) };
}
for (const theme of ["light", "dark"]) {
  const { page, close } = await openPage(browser, server, { theme });
  await signIn(page, server);
  for (const [name, place] of Object.entries(places(runs, best))) {
    if (names.length > 0 && !names.includes(name)) continue;
    await page.goto(`${server.url}/#${place.in ?? place}`);
    await page.getByText("live", { exact: true }).waitFor();
    await page.waitForFunction(() => !document.querySelector('[aria-label^="Loading"]'));
    if (place.act) {
      await page.getByRole("button", { name: "Actions", exact: true }).click();
      await page.getByRole("menuitem", { name: place.act }).click();
      await page.getByRole("dialog").getByRole("region", { name: "Plan" }).waitFor();
    }
    if (name === "again") await page.getByText("Changes…").waitFor();
    if (name === "group") await page.getByText("The answer is").nth(7).waitFor();
    // What is shown as old until there is something new.
    if (name === "new" || name === "again") await page.getByRole("button", { name: "Start the run" }).and(page.locator(":enabled")).waitFor();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: path.join(out, `${name}-${theme}.png`) });
    if (place.act) await page.keyboard.press("Escape");
  }
  await close();
}
await browser.close();
await server.close();
