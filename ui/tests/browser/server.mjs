// A real `cairn serve` for a test, on a port and in a state folder of its own.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const bin = process.env.CAIRN_BIN;
if (!bin) throw new Error("CAIRN_BIN names the folder with the program cairn");

export class Server {
  #child;
  #address = "127.0.0.1:0";

  #own;

  // Without a state folder: in an empty one that goes with it.
  constructor(state) {
    this.#own = state === undefined;
    this.state = state ?? mkdtempSync(path.join(tmpdir(), "cairn-page-"));
  }

  // Again after kill(), it is on the port that it had; one that runs is left alone.
  async start() {
    if (this.#runs()) return;
    this.#child = spawn(
      path.join(bin, "cairn"),
      ["serve", "--state-dir", this.state, "--http", this.#address, "-o", "json"],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, CAIRN_PLUGIN_PATH: process.env.CAIRN_PLUGINS ?? "" } },
    );
    const lines = createInterface({ input: this.#child.stdout });
    const first = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      this.#child.once("exit", (code) => reject(new Error(`cairn serve ended with ${code}`)));
    });
    this.url = JSON.parse(first).http;
    this.#address = new URL(this.url).host;
    this.token = readFileSync(path.join(this.state, "token"), "utf8").trim();
  }

  get pid() {
    return this.#child.pid;
  }

  #runs() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async end(signal) {
    const child = this.#child;
    if (!this.#runs()) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  kill() {
    return this.end("SIGKILL");
  }

  async close() {
    await this.end("SIGTERM");
    if (this.#own) rmSync(this.state, { recursive: true, force: true });
  }

  async api(method, place, body) {
    const response = await fetch(`${this.url}/api/v1${place}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body && { "Content-Type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${place}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  // What the command line prints as JSON for the same state folder.
  cli(...args) {
    const env = { ...process.env, CAIRN_PLUGIN_PATH: process.env.CAIRN_PLUGINS ?? "" };
    return execFileSync(path.join(bin, "cairn"), ["--state-dir", this.state, ...args, "-o", "json"], { encoding: "utf8", env });
  }

  // What `cairn ui` prints.
  link() {
    return JSON.parse(this.cli("ui", "--no-open")).url;
  }

  submit(workflow, more = {}) {
    return this.api("POST", "/runs", { workflow, ...more });
  }
}
