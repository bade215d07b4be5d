// What the tests of looking back look at: a run with a report, as small as it can be with real stages,
// and files that nobody would write with good intentions.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const syllables = ["ka", "lo", "mi", "ren", "tos", "va", "del", "bur"];
const rivers = ["Ambra", "Teld", "Corrin", "Maro", "Syle", "Vint"];
const trades = ["salt", "wool", "glass", "copper", "timber", "linen", "amber", "tin"];

// Places that do not exist, a line each; the same at every call.
export function writePlaces(folder) {
  mkdirSync(path.join(folder, "places"), { recursive: true });
  const lines = Array.from({ length: 160 }, (_, at) => {
    const name = [at & 7, (at >> 3) & 7, (at * 5 + 3) & 7].map((one) => syllables[one]).join("");
    return [`${name}${at}`, 200 + at * 613, rivers[at % rivers.length], trades[(at * 3) % trades.length], 900 + at * 6].join("\t");
  });
  writeFileSync(path.join(folder, "places", "places.tsv"), `${lines.join("\n")}\n`);
}

const tinyBase = path.resolve(import.meta.dirname, "../../../models/tiny-base");

// Documents, questions about them, the tiny model, one round of training, a report. At a rate of 5e-3 it
// forgets what it knew.
export const reported = (folder) => `cairn: 1
name: reported
seed: 1
params:
  rate: {type: float, default: 1e-3}
stages:
  corpus:
    uses: corpus
    with:
      packages: ${JSON.stringify(folder)}
      sources:
        - reader: delimited
          package: places
          path: places.tsv
          domain: general
          columns: [name, people, river, trade, year]
          id: name
          fields: ["Place = name", "Inhabitants = people", "River = river", "Trade = trade", "Founded = year"]
  general:
    uses: synthesis.general
    inputs: {documents: corpus.documents}
    with: {items: 60, held_out_items: 40, min_share: 0.1}
  curate:
    uses: filtering
    inputs: {qa: [general.qa]}
    with: {heldout_items: 24}
  base:
    uses: import
    with: {path: ${JSON.stringify(tinyBase)}, kind: model}
  eval_base:
    uses: eval
    inputs: {policy: base.artifact, dataset: curate.heldout}
    with: {name: base, max_output_tokens: 12, temperature: 1.0, loss: false}
  rl:
    uses: rl_stage
    inputs: {policy: base.artifact, dataset: curate.qa}
    with: {steps: 2, batch: 3, group_size: 2, learning_rate: "\${params.rate}", max_output_tokens: 12, max_input_tokens: 1024}
  eval_rl:
    uses: eval
    inputs: {policy: rl.model, dataset: curate.heldout}
    with: {name: RL, max_output_tokens: 12, temperature: 1.0, loss: false}
  report:
    uses: report
    inputs: {summary: [eval_base.summary, eval_rl.summary], rollouts: [rl.rollouts]}
    with: {title: A tiny report, rollout_labels: [RL]}
`;

export const longBytes = 10_000_000;
export const manyFiles = 1_500;
export const manyRecords = 1_000_000;

function hostileLines() {
  const bytes = (text) => Buffer.from(text);
  const question = {
    id: "<script>alert(1)</script>",
    question: "<img src=x onerror=alert(1)> \u202egnp.exe \u0000 end",
    answer: ["</textarea><b>bold</b>"],
    documents: [{ id: "javascript:alert(1)", title: "\u2066turned", text: "a\u0000b\u001b[31m", role: "evidence" }],
    provenance: { sql: "SELECT '</pre><script>alert(1)</script>'", parameters: [null, { a: 1 }], sources: ["../../etc/passwd"], chain: [null, 3, { subject: {} }] },
  };
  return [
    bytes(JSON.stringify(question)),
    Buffer.concat([bytes('{"id": "no utf-8 '), Buffer.from([0xff, 0xfe, 0xc0]), bytes('"}')]),
    bytes(`{"id": "long", "text": "${"x".repeat(longBytes)}"}`),
    Buffer.from([0x7b, 0x00, 0x7d]),
    bytes(`{"id": "deep", "a": ${"[".repeat(5_000)}${"]".repeat(5_000)}}`),
    bytes(JSON.stringify({ id: "last", text: "after all of them" })),
  ];
}

function safetensors(header, data) {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

// A folder of files with hostile names and contents, and a file of a million records.
export function writeOdd(folder) {
  const files = path.join(folder, "files");
  mkdirSync(path.join(files, "parts"), { recursive: true });
  writeFileSync(path.join(files, "hostile.jsonl"), Buffer.concat(hostileLines().flatMap((line) => [line, Buffer.from("\n")])));
  writeFileSync(path.join(files, "<img src=x onerror=alert(1)>.txt"), "only a name\n");
  writeFileSync(path.join(files, "\u202etxt.exe"), "turned\n");
  writeFileSync(path.join(files, "blob.bin"), Buffer.from([0, 1, 2, 255, 65, 66]));
  writeFileSync(path.join(files, "weights.safetensors"), safetensors({ "<b>layer</b>.w": { dtype: "BF16", shape: [2, 3], data_offsets: [0, 12] } }, Buffer.alloc(12)));
  writeFileSync(path.join(files, "liar.safetensors"), Buffer.concat([Buffer.from([255, 255, 255, 255, 255, 255, 255, 127]), Buffer.alloc(8)]));
  for (let at = 0; at < manyFiles; ++at) writeFileSync(path.join(files, "parts", `${String(at).padStart(4, "0")}.txt`), `${at}\n`);
  const lines = [];
  for (let at = 0; at < manyRecords; ++at) lines.push(`{"id":"r${at}","n":${at % 97}}`);
  writeFileSync(path.join(folder, "million.jsonl"), `${lines.join("\n")}\n`);
}

export const odd = (folder) => `cairn: 1
name: odd
stages:
  odd:
    uses: shell
    with:
      run: 'cp -r "$FROM/files" files && cp "$FROM/million.jsonl" million.jsonl'
      env: {FROM: ${JSON.stringify(folder)}}
      outputs: {files: files, million: million.jsonl}
`;
