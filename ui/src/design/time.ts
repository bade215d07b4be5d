// Times and sizes in words, as pure functions of what they say.

const units: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

// "1 d 4 h", "12 min 5 s", "3.2 s", "45 ms": two parts at most.
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const size = Math.max(0, ms);
  if (size < 1000) return `${Math.round(size)} ms`;
  if (size < 9_950) return `${(size / 1000).toFixed(1)} s`;
  let rest = Math.round(size / 1000) * 1000;
  const parts: string[] = [];
  for (const [name, length] of units) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${name}`);
    if (parts.length > 0 && (count === 0 || parts.length === 2)) break;
  }
  return parts.join(" ");
}

// "just now", "5 min ago", "in 2 h"; older than a month as a date.
export function relative(ms: number, now: number): string {
  const ago = now - ms;
  const size = Math.abs(ago);
  if (size < 10_000) return "just now";
  if (size > 30 * 86_400_000) return isoDate(ms);
  const [name, length] = units.find(([, unit]) => size >= unit) ?? ["s", 1000];
  const words = `${Math.floor(size / length)} ${name}`;
  return ago > 0 ? `${words} ago` : `in ${words}`;
}

const two = (value: number) => String(value).padStart(2, "0");

function isoDate(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// "2026-11-26 18:16:25.413 +01:00", in the reader's zone.
export function exact(ms: number): string {
  const date = new Date(ms);
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${isoDate(ms)} ${clock}.${String(date.getMilliseconds()).padStart(3, "0")} ${zone}`;
}

// "18:16:25"
export function clock(ms: number): string {
  return exact(ms).slice(11, 19);
}

// "1.7 MB": thousands, as disks count.
export function bytes(count: number): string {
  const names = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = count;
  let at = 0;
  while (value >= 999.5 && at < names.length - 1) {
    value /= 1000;
    ++at;
  }
  return `${at === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${names[at]}`;
}

// A number of a metric: four digits that count.
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}
