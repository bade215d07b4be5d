// Installs the packages of package-lock.json into node_modules, unless these are there already.
// deploy/setup and the build both call it; only the first does something.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.dirname(import.meta.dirname);
const stamp = path.join(root, "node_modules", ".cairn-lock");
const lock = createHash("sha256").update(readFileSync(path.join(root, "package-lock.json"))).digest("hex");

function installed() {
  try {
    return readFileSync(stamp, "utf8") === lock;
  } catch {
    return false;
  }
}

if (!installed()) {
  // npm and node of one place: those that deploy/setup brought, or the system's.
  const places = [path.join(path.dirname(root), ".cache/node/node_modules/.bin"), path.dirname(process.execPath)];
  const ended = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: [...places, process.env.PATH].join(path.delimiter) },
  });
  if (ended.status !== 0) {
    console.error("error: npm ci failed; the packages of the page are not there");
    console.error("       try deploy/setup, or build without the page: -DCAIRN_WITH_UI=OFF");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
