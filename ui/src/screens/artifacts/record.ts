export type Members = Readonly<Record<string, unknown>>;

const first = ["id", "step", "task", "score", "reward", "advantage", "domain", "index", "tokens"];
const most = 5;

// The members that a list of such records shows: those that tell records apart, short ones only.
export function recordColumns(records: readonly Members[]): string[] {
  const short = (value: unknown) => typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length <= 80);
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  const fit = [...names].filter((name) => records.every((record) => record[name] === undefined || short(record[name])));
  const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : first.length);
  return fit.sort((one, other) => rank(one) - rank(other)).slice(0, most);
}
