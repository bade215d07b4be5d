import { describe, expect, it } from "vitest";
import { hexLines, readBeginning } from "./bytes";
import { headerBytes, mostHeaderBytes, readHeader } from "./safetensors";
import { tellingFile, viewsOf } from "./views";

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("a file", () => {
  it("opens with what fits its name, or the kind of an artifact that is one file", () => {
    expect(viewsOf("rollouts.jsonl", "rollouts")[0]).toBe("records");
    expect(viewsOf("model.safetensors", "model")[0]).toBe("tensors");
    expect(viewsOf("config.json", "model")).toEqual(["bytes"]);
    expect([viewsOf("", "qa")[0], viewsOf("", "summary")[0], viewsOf("", undefined)[0]]).toEqual(["records", "preview", "records"]);
  });
  it("of a folder is the one that says most", () => {
    const files = (...names: string[]) => names.map((name) => ({ name }));
    expect(tellingFile(files("a.txt", "b.jsonl"))).toBe("b.jsonl");
    expect(tellingFile(files("config.json", "model.safetensors"))).toBe("model.safetensors");
    expect([tellingFile(files("a", "b")), tellingFile([])]).toEqual(["a", undefined]);
  });
});

describe("a beginning", () => {
  it("is text, with what its end cuts in two left out", () => {
    expect(readBeginning(utf8("Grüße\n").subarray(0, 3))).toEqual({ text: "Gr", odd: false });
    expect(readBeginning(new Uint8Array([...utf8("mostly text, but "), 0xff]))).toEqual({ text: "mostly text, but �", odd: true });
  });
  it("is bytes where it has a NUL or is no text", () => {
    expect(readBeginning(new Uint8Array([65, 0, 66])).text).toBeUndefined();
    expect(readBeginning(new Uint8Array([0xff, 0xfe, 0xfd, 65])).text).toBeUndefined();
  });
  it("has lines of sixteen bytes", () => {
    const lines = hexLines(new Uint8Array([...utf8("0123456789abcdef"), 0, 0x41]), 100).split("\n");
    expect(lines[0]).toBe("000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef");
    expect(lines[1]?.trimEnd()).toMatch(/^000010 {2}00 41 +·A$/);
    expect(hexLines(new Uint8Array(100), 16).split("\n")).toHaveLength(1);
  });
});

describe("a safetensors header", () => {
  const first = (length: bigint) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, length, true);
    return bytes;
  };
  it("has a length that fits the file and the page", () => {
    expect(headerBytes(first(20n), 1000)).toBe(20);
    expect(headerBytes(first(20n), 20)).toMatch(/longer than the file/);
    expect(headerBytes(first(2n ** 63n), 1000)).toMatch(/longer than the file/);
    expect(headerBytes(first(BigInt(mostHeaderBytes) + 1n), 1e12)).toMatch(/more than the page reads/);
    expect(headerBytes(new Uint8Array(3), 3)).toMatch(/too short/);
  });
  it("names tensors with type, shape and size", () => {
    const json = { __metadata__: { format: "pt" }, w: { dtype: "BF16", shape: [2, 3], data_offsets: [0, 12] }, s: { dtype: "F32", shape: [], data_offsets: [12, 16] } };
    expect(readHeader(utf8(JSON.stringify(json)))).toEqual({
      metadata: [["format", "pt"]],
      tensors: [
        { name: "w", dtype: "BF16", shape: [2, 3], values: 6, bytes: 12 },
        { name: "s", dtype: "F32", shape: [], values: 1, bytes: 4 },
      ],
    });
  });
  it("is refused where it is something else", () => {
    for (const [json, why] of [
      ["{", /no JSON/],
      ["[]", /no JSON object/],
      ['{"w": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', /tensor w/],
      ['{"w": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}', /tensor w/],
      ['{"w": null}', /tensor w/],
    ] as const)
      expect(readHeader(utf8(json))).toMatch(why);
  });
});
