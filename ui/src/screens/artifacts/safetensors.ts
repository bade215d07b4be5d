// The header of a safetensors file: 8 bytes with its length, little-endian, then JSON.

export interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  values: number;
  bytes: number;
}

export interface Header {
  tensors: Tensor[];
  metadata: [string, string][];
}

export const mostHeaderBytes = 16 * 1024 * 1024; // that the page reads

// The length that a file says its header has; a text where it cannot be.
export function headerBytes(first: Uint8Array, fileBytes: number): number | string {
  if (first.length < 8) return "The file is too short for a header.";
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(fileBytes - 8)) return "The header says that it is longer than the file.";
  if (length > BigInt(mostHeaderBytes)) return `The header has ${length.toLocaleString("en")} bytes, more than the page reads.`;
  return Number(length);
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function tensor(name: string, found: unknown): Tensor | undefined {
  const { dtype, shape, data_offsets: span } = (found ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (typeof dtype !== "string" || !Array.isArray(shape) || !shape.every(isCount) || !Array.isArray(span)) return undefined;
  const [begin, end] = span as unknown[];
  if (!isCount(begin) || !isCount(end) || end < begin) return undefined;
  return { name, dtype, shape, values: shape.reduce((product, size) => product * size, 1), bytes: end - begin };
}

// The tensors in the order in which their data lies; a text where the header is none.
export function readHeader(json: Uint8Array): Header | string {
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    return "The header is no JSON.";
  }
  if (typeof root !== "object" || root === null || Array.isArray(root)) return "The header is no JSON object.";
  const header: Header = { tensors: [], metadata: [] };
  for (const [name, found] of Object.entries(root)) {
    if (name === "__metadata__") {
      header.metadata = Object.entries((found ?? {}) as object).map(([key, value]): [string, string] => [key, typeof value === "string" ? value : (JSON.stringify(value) ?? "")]);
      continue;
    }
    const one = tensor(name, found);
    if (!one) return `The header says nothing that can be of the tensor ${name}.`;
    header.tensors.push(one);
  }
  return header;
}
