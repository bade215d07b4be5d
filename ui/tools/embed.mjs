// The files of a built page as C++: bytes, the same gzipped, media type, SHA-256.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { constants, gzipSync } from "node:zlib";

const mediaTypes = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

function filesOf(dist) {
  return readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "manifest.json")
    .map((entry) => path.relative(dist, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort();
}

function described(dist, name) {
  const file = path.join(dist, name);
  const bytes = readFileSync(file);
  const mediaType = mediaTypes[path.extname(name)];
  if (!mediaType) throw new Error(`${name}: no media type is known for it; add one to tools/embed.mjs`);
  const index = name === "index.html";
  // The server puts a nonce into the index: it goes out as it then is.
  const gzip = index ? Buffer.alloc(0) : gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  const smaller = gzip.length > 0 && gzip.length < bytes.length;
  if (smaller) writeFileSync(`${file}.gz`, gzip);
  return {
    path: name,
    file,
    size: bytes.length,
    gzipSize: smaller ? gzip.length : 0,
    mediaType,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

function incbin(symbol, file) {
  return `__asm__(".pushsection .rodata\\n.balign 8\\n${symbol}:\\n.incbin \\"${file}\\"\\n.popsection\\n");\n`
    + `extern "C" const char ${symbol}[] __attribute__((visibility("hidden")));\n`;
}

export function embed(dist, target) {
  const files = filesOf(dist).map((name) => described(dist, name));
  let text = '// Made by ui/tools/embed.mjs.\n#include "ui/page_files.h"\n\n';
  files.forEach((file, at) => {
    text += incbin(`cairn_page_${at}`, file.file);
    if (file.gzipSize > 0) text += incbin(`cairn_page_${at}_gzip`, `${file.file}.gz`);
  });
  text += "\nnamespace cairn::page {\nnamespace {\n\nconst PageFile kFiles[] = {\n";
  files.forEach((file, at) => {
    const gzip = file.gzipSize > 0 ? `{cairn_page_${at}_gzip, ${file.gzipSize}}` : "{}";
    text += `    {"${file.path}", {cairn_page_${at}, ${file.size}}, ${gzip}, "${file.mediaType}",\n     "${file.sha256}"},\n`;
  });
  text += "};\n\n}  // namespace\n\nstd::span<const PageFile> page_files() { return kFiles; }\n\n}  // namespace cairn::page\n";
  writeFileSync(target, text);
}
