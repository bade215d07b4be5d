import { describe, expect, it } from "vitest";
import { EventParser } from "./sse";

const text = 'retry: 2000\n\n: ping\n\nid: 7\nevent: update\ndata: {"a":\ndata: 1}\n\ndata:x\n\nid: 8\n\ndata: y\n\n';
const wanted = [
  { id: "7", name: "update", data: '{"a":\n1}' },
  { id: "7", name: "message", data: "x" },
  { id: "8", name: "message", data: "y" },
];

describe("server-sent events", () => {
  it("are read", () => expect(new EventParser().push(text)).toEqual(wanted));
  it("are read with every kind of line end", () => {
    expect(new EventParser().push(text.replaceAll("\n", "\r\n"))).toEqual(wanted);
    expect(new EventParser().push(text.replaceAll("\n", "\r")).slice(0, 2)).toEqual(wanted.slice(0, 2));
  });
  it("are the same wherever the text is cut", () => {
    for (const source of [text, text.replaceAll("\n", "\r\n")])
      for (let cut = 0; cut <= source.length; ++cut) {
        const parser = new EventParser();
        expect([...parser.push(source.slice(0, cut)), ...parser.push(source.slice(cut))]).toEqual(wanted);
      }
  });
  it("go on from the id of a connection before", () => {
    expect(new EventParser("41").push("data: z\n\n")).toEqual([{ id: "41", name: "message", data: "z" }]);
  });
  it("say how long to wait", () => {
    const parser = new EventParser();
    parser.push(text);
    expect(parser.retry).toBe(2000);
  });
  it("that are not whole are not told", () => expect(new EventParser().push("data: half\n")).toEqual([]));
});
