// Files and workflows for tests of what stages write: messages of `exec`, rollouts in the format of
// docs/rollouts.md.
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

const program = path.join(import.meta.dirname, "program.mjs");

// The stage of a workflow that runs program.mjs.
export function stage(name, params, { output, dataset, more = "" } = {}) {
  return `  ${name}:
    uses: exec
${more}${dataset ? `    inputs: {dataset: ${dataset}}\n` : ""}    with:
      command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(program)}]
      params: ${JSON.stringify(params)}
${output ? `      outputs: {made: ${output}}\n` : ""}`;
}

export const workflow = (name, ...stages) => `cairn: 1\nname: ${name}\nstages:\n${stages.join("")}`;

const finite = (value) => (Number.isFinite(value) ? value : String(value));
export const metric = (name, step, value, runtime) => ({ type: "metric", name, step, value: finite(value), ...(runtime && { runtime }) });
export const log = (message, level = "info") => ({ type: "log", level, message });
export const checkpoint = (step, state = step) => ({ type: "checkpoint", step, state });

// A file of messages.
export function messages(file, list) {
  writeFileSync(file, list.map((message) => `${JSON.stringify(message)}\n`).join(""));
  return file;
}

// A named pipe through which a test tells a stage what to say.
export class Pipe {
  constructor(file) {
    execFileSync("mkfifo", [file]);
    this.file = file;
    this.#fd = openSync(file, "r+"); // does not wait for the other end
  }
  #fd;
  tell(...list) {
    writeSync(this.#fd, list.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }
  // The stage's end, too.
  close() {
    this.tell({ end: true });
    closeSync(this.#fd);
  }
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; ++bit) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte >>> 0;
});

function crc32c(bytes) {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; ++at) crc = table[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// Four significant digits, at most four decimals; rollout_tokens.h.
function nats(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(size)) return 0xffff;
  const unit = [1e4, 1e3, 1e2, 1e1].findIndex((scale, at) => at === 3 || Math.round(size * scale) <= 9999);
  return (unit << 14) | Math.min(Math.round(size * [1e4, 1e3, 1e2, 1e1][unit]), 0x3ffe);
}

// tokens: {pieces: texts or bytes, logprob, entropy, reference?, counts?, special?: functions of the place, turns?}
function tokenBlock({ pieces, logprob, entropy, reference, counts = () => true, special = () => false, turns = [pieces.length] }) {
  const texts = pieces.map((piece) => Buffer.from(piece));
  const text = Buffer.concat(texts);
  const each = (width, value) => {
    const out = Buffer.alloc(width * pieces.length);
    for (let at = 0; at < pieces.length; ++at) out.writeUIntLE(value(at), at * width, width);
    return out;
  };
  const head = Buffer.alloc(32 + 4 * turns.length);
  head.write("CRT1", 0);
  head.writeUInt32LE(pieces.length, 8);
  head.writeUInt32LE(turns.length, 12);
  head.writeUInt32LE(reference ? 1 : 0, 16);
  head.writeBigUInt64LE(BigInt(text.length), 24);
  turns.forEach((count, at) => head.writeUInt32LE(count, 32 + 4 * at));
  const block = Buffer.concat([
    head,
    each(4, (at) => 100 + (at % 1000)),
    each(4, (at) => texts[at].length),
    each(2, (at) => nats(logprob(at))),
    each(2, (at) => nats(entropy(at))),
    ...(reference ? [each(2, (at) => nats(reference(at)))] : []),
    each(1, (at) => (counts(at) ? 1 : 0) | (special(at) ? 2 : 0)),
    text,
  ]);
  block.writeUInt32LE(crc32c(block.subarray(8)), 4);
  return block;
}

const flushBytes = 4 << 20;

// Appends to a file a large piece at a time.
class Writer {
  constructor(file) {
    this.#fd = openSync(file, "w");
  }
  #fd;
  #parts = [];
  #held = 0;
  bytes = 0;
  add(data) {
    const bytes = Buffer.from(data);
    this.#parts.push(bytes);
    this.bytes += bytes.length;
    this.#held += bytes.length;
    if (this.#held >= flushBytes) this.#flush();
  }
  #flush() {
    writeSync(this.#fd, Buffer.concat(this.#parts));
    this.#parts = [];
    this.#held = 0;
  }
  close() {
    this.#flush();
    closeSync(this.#fd);
  }
}

// A `rollouts` artifact. samples: [{id, task, record, prompt_tokens}], sorted by id; rollouts: anything
// that gives {step, sample (its place), index, reward, advantage, entropy, tokens, response, …, tokenData?}
// in the order of steps.
export function writeRollouts(folder, samples, rollouts) {
  mkdirSync(folder, { recursive: true });
  const files = Object.fromEntries(
    ["rollouts.jsonl", "rollouts.columns", "tokens.bin", "samples.jsonl", "steps.jsonl"].map((name) => [name, new Writer(path.join(folder, name))]),
  );
  const tasks = [...new Set(samples.map(({ task }) => task))].sort();
  for (const sample of samples) files["samples.jsonl"].add(`${JSON.stringify(sample)}\n`);
  const row = Buffer.alloc(96);
  let step = 0;
  for (const made of rollouts) {
    const { sample, tokenData, ...members } = made;
    const { id, task } = samples[sample];
    if (made.step !== step) files["steps.jsonl"].add(`${JSON.stringify({ step: (step = made.step) })}\n`);
    const line = Buffer.from(JSON.stringify({ prompt_tokens: 20, dropped: false, truncated: false, finish: "stop", answer: null, ...members, id, task }));
    const block = tokenData && tokenBlock(tokenData);
    row.fill(0);
    row.write("CRR1", 0);
    row.writeBigInt64LE(BigInt(made.step), 8);
    row.writeUInt32LE(sample, 16);
    row.writeUInt32LE(made.index, 20);
    row.writeUInt16LE(tasks.indexOf(task), 24);
    row.writeUInt16LE((made.dropped ? 1 : 0) | (made.truncated ? 2 : 0) | (block ? 4 : 0) | ((made.answer ?? null) === null ? 8 : 16), 26);
    row.writeUInt32LE(made.turns?.length ?? 1, 28);
    row.writeUInt32LE(20, 32);
    row.writeUInt32LE(made.tokens, 36);
    row.writeDoubleLE(made.reward, 40);
    row.writeDoubleLE(made.advantage, 48);
    row.writeDoubleLE(made.entropy ?? NaN, 56);
    row.writeBigUInt64LE(BigInt(files["rollouts.jsonl"].bytes), 64);
    row.writeBigUInt64LE(BigInt(files["tokens.bin"].bytes), 72);
    row.writeUInt32LE(line.length, 80);
    row.writeUInt32LE(block?.length ?? 0, 84);
    row.write("\n", 95);
    row.writeUInt32LE(crc32c(row.subarray(8)), 4);
    files["rollouts.columns"].add(row);
    if (block) files["tokens.bin"].add(Buffer.concat([block, Buffer.from("\n")]));
    files["rollouts.jsonl"].add(line);
    files["rollouts.jsonl"].add("\n");
  }
  for (const file of Object.values(files)) file.close();
}
