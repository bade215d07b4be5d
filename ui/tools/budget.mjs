// budget.mjs DIST: holds a built page against what it promised: what the first screen loads, that
// editor and charts are not in it, that nothing is inline and nothing comes from elsewhere.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const firstScript = 250_000;
const firstStyle = 30_000;
const lazy = /codemirror|lezer|uplot|d3-zoom|flatbush/;

const dist = process.argv[2];
if (!dist) {
  console.error("usage: budget.mjs DIST");
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(path.join(dist, "manifest.json"), "utf8"));
const index = readFileSync(path.join(dist, "index.html"), "utf8");
const problems = [];

// The entry with all that it imports at once.
const first = new Set();
function take(key) {
  const chunk = manifest[key];
  if (!chunk || first.has(chunk)) return;
  first.add(chunk);
  for (const next of chunk.imports ?? []) take(next);
}
take("index.html");

const compressed = (name) => gzipSync(readFileSync(path.join(dist, name)), { level: 9 }).length;
const sum = (names) => [...names].reduce((total, name) => total + compressed(name), 0);
const script = sum([...first].map((chunk) => chunk.file));
const style = sum(new Set([...first].flatMap((chunk) => chunk.css ?? [])));
console.log(`first screen: ${script} bytes of script, ${style} of style, gzipped`);
if (first.size === 0) problems.push("the manifest has no entry index.html");
if (script > firstScript) problems.push(`the first screen's script is over ${firstScript} bytes`);
if (style > firstStyle) problems.push(`the first screen's style is over ${firstStyle} bytes`);

for (const [key, chunk] of Object.entries(manifest)) {
  if (lazy.test(key) && first.has(chunk)) problems.push(`${key} is loaded at once`);
}
for (const [, attributes, body] of index.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
  if (!/\ssrc=/.test(attributes) || body.trim()) problems.push("index.html has an inline script");
}
if (/<style|\sstyle=|\son[a-z]+=/.test(index)) problems.push("index.html has an inline style or handler");
if (/(src|href)="(https?:)?\/\//.test(index)) problems.push("index.html loads something from elsewhere");

for (const name of readdirSync(path.join(dist, "assets"))) {
  if (!/-[\w-]{8}\.(js|css|svg)(\.gz)?$/.test(name)) problems.push(`assets/${name} has no hash in its name`);
  if (!name.endsWith(".css")) continue;
  const text = readFileSync(path.join(dist, "assets", name), "utf8");
  if (/@import|url\(\s*["']?(https?:|\/\/|data:)/.test(text)) problems.push(`assets/${name} loads something`);
}
for (const problem of problems) console.error(`error: ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
