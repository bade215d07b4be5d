// The beginning of a file as text, or as bytes where it is none.

export interface Beginning {
  text: string | undefined; // undefined: these are no text
  odd: boolean; // some of its bytes are no UTF-8
}

// Text has no NUL and few other controls. What the end cuts in two is left out.
export function readBeginning(bytes: Uint8Array): Beginning {
  let controls = 0;
  for (const byte of bytes) if (byte === 0) return { text: undefined, odd: false };
    else if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x1b) ++controls;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: true });
  const replaced = text.split("\ufffd").length - 1;
  if ((controls + replaced) * 10 > bytes.length) return { text: undefined, odd: false };
  return { text, odd: replaced > 0 };
}

const width = 16;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

// Lines of offset, bytes and what of them is printable ASCII.
export function hexLines(bytes: Uint8Array, count: number): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, count); at += width) {
    const row = [...bytes.subarray(at, Math.min(at + width, count))];
    const pairs = row.map((byte) => hex(byte, 2)).join(" ").padEnd(3 * width - 1);
    lines.push(`${hex(at, 6)}  ${pairs}  ${row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("")}`);
  }
  return lines.join("\n");
}
