// src/api/schema.d.ts from the API's OpenAPI document. Written only where it changes.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const root = path.dirname(import.meta.dirname);
const document = path.join(path.dirname(root), "schemas", "openapi.json");
const target = path.join(root, "src", "api", "schema.d.ts");

export async function makeTypes() {
  const head = "// Made from schemas/openapi.json by tools/types.mjs.\n\n";
  const text = head + astToString(await openapiTS(pathToFileURL(document)));
  let before = "";
  try {
    before = readFileSync(target, "utf8");
  } catch {
    // The first time.
  }
  if (text !== before) writeFileSync(target, text);
}

if (process.argv[1] === import.meta.filename) await makeTypes();
