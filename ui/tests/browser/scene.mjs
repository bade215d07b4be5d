// What browser tests of several files begin with: a server with a browser, pages that are signed in,
// a small workflow.
import assert from "node:assert/strict";
import { launch, openPage, signIn } from "./browser.mjs";
import { Server } from "./server.mjs";

export const greeting = (who) => `cairn: 1
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

// A server and a browser. To be started before the tests and closed after them.
export class Scene {
  async start() {
    this.server = new Server();
    await this.server.start();
    this.browser = await launch();
  }

  async close() {
    await this.browser?.close();
    await this.server?.close();
  }

  // The status of a run that has come to an end, or to one of `among`.
  async ended(id, among = ["succeeded", "failed", "waiting", "cancelled"]) {
    for (let turn = 0; turn < 600; ++turn) {
      const { status } = await this.server.api("GET", `/runs/${id}`);
      if (among.includes(status)) return status;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${id} did not end`);
  }

  async withPage(options, body, on = this.server) {
    const opened = await openPage(this.browser, on, options);
    let timer;
    const tooLong = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Error("the page took too long")), 240_000);
    });
    const shown = async () => {
      await signIn(opened.page, on);
      await body(opened.page);
    };
    try {
      await Promise.race([shown(), tooLong]);
      assert.deepEqual(opened.faults, []);
    } finally {
      clearTimeout(timer);
      await opened.close();
    }
  }

  goTo(page, place, on = this.server) {
    return page.goto(`${on.url}/#${place}`);
  }
}

// Presses Tab until it is reached, as somebody without a pointer does.
export async function tabTo(page, target, most = 80) {
  for (let turn = 0; turn < most; ++turn) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${target}`);
}

// Until what is looked at is so: what is shown may come a moment later.
export async function until(look, most = 30_000) {
  const end = performance.now() + most;
  for (;;) {
    const failure = await look().then(
      () => undefined,
      (error) => error,
    );
    if (!failure) return;
    if (performance.now() > end) throw failure;
  }
}

// Until a key that is pressed now reaches it.
export const hasFocus = (target) =>
  until(async () => assert.ok(await target.evaluate((element) => element === document.activeElement), `${target} has no focus`));

// Presses, moves to the other end and lets go, each where the element lies by then. In shares of its width.
export async function dragOver(page, target, from, to, y) {
  const at = async (share) => ({ position: { x: Math.round((await target.boundingBox()).width * share), y } });
  await target.hover(await at(from));
  await page.mouse.down();
  await target.hover(await at((from + to) / 2));
  await target.hover(await at(to));
  await page.mouse.up();
}

export const widthOf = (page) => page.evaluate(() => document.documentElement.scrollWidth);

export const heading = (page) => page.getByRole("heading", { level: 1 }).first().waitFor();
