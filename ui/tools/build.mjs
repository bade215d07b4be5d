// build.mjs OUT: the page into OUT/dist, and OUT/page_table.cpp, which holds its files as bytes.
import path from "node:path";
import { build } from "vite";
import { embed } from "./embed.mjs";
import { makeTypes } from "./types.mjs";

const out = process.argv[2];
if (!out) {
  console.error("usage: build.mjs OUT");
  process.exit(2);
}
const dist = path.join(out, "dist");
process.env.CAIRN_PAGE_OUT = dist;
await makeTypes();
await build({ root: path.dirname(import.meta.dirname), logLevel: "warn" });
embed(dist, path.join(out, "page_table.cpp"));
