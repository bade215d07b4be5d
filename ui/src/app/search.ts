// What stands behind "?" in the URL, in plain words: no JSON, a key more than once is a list.

export type Search = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = search[key];
    if (before === undefined) search[key] = value;
    else search[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return search;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === "string" && one !== "") query.append(key, one);
      else if (typeof one === "number" || one === true) query.append(key, String(one));
    }
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

// One text of a search, or undefined.
export function text(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === "string" && one !== "" ? one : undefined;
}

export function texts(value: unknown): string[] | undefined {
  const all = (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "");
  return all.length > 0 ? all : undefined;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  const one = text(value);
  return allowed.find((known) => known === one);
}

export function finite(value: unknown): number | undefined {
  // A number already, where the page itself leads there.
  const number = typeof value === "number" ? value : Number(text(value) ?? NaN);
  return Number.isFinite(number) ? number : undefined;
}
