// Server-sent events out of text that comes in any pieces, as the HTML standard reads them.

export interface ServerEvent {
  id: string; // the last one that was said
  name: string;
  data: string;
}

export class EventParser {
  #rest = "";
  #id: string;
  #name = "";
  #data: string[] = [];
  // What the server asks to wait before a new connection, in ms.
  retry: number | undefined;

  constructor(id = "") {
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const all = this.#rest + text;
    // A "\r" at the end may be half of a line's end.
    const whole = all.endsWith("\r") ? all.slice(0, -1) : all;
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + all.slice(whole.length);
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    return undefined;
  }

  #dispatch(): ServerEvent | undefined {
    const data = this.#data;
    const name = this.#name || "message";
    this.#data = [];
    this.#name = "";
    return data.length > 0 ? { id: this.#id, name, data: data.join("\n") } : undefined;
  }
}
