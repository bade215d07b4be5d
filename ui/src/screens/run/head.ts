// What the head of a run says in words, as pure functions.
import type { RunHead } from "@/api/types";
import { format } from "@/design";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

// As exact as an estimate is: one part, or two where the first is small.
export function roughly(ms: number): string {
  if (ms < minute) return "less than a minute";
  if (ms < 1.5 * hour) return `about ${Math.round(ms / minute)} min`;
  if (ms < 10 * hour) {
    const quarters = Math.round(ms / (15 * minute));
    const rest = (quarters % 4) * 15;
    return `about ${Math.floor(quarters / 4)} h${rest > 0 ? ` ${rest} min` : ""}`;
  }
  if (ms < 2 * day) return `about ${Math.round(ms / hour)} h`;
  return `about ${Math.round(ms / day)} d`;
}

export interface Left {
  text: string;
  basis: string; // what it is made of; why it cannot be said
}

// Of a run that goes on; undefined otherwise.
export function leftOf({ estimate, no_estimate: why }: RunHead): Left | undefined {
  if (estimate) return { text: `${roughly(estimate.seconds * 1000)} left`, basis: `from ${listed(estimate.basis ?? [])}` };
  return why ? { text: "time left unknown", basis: why } : undefined;
}

function listed(parts: readonly string[]): string {
  const sources = parts.filter((part) => part.startsWith("the "));
  const others = parts.filter((part) => !part.startsWith("the "));
  return [sources.join(" and ") || "nothing that is left to run", ...others].join(", ");
}

// GPU-hours, or CPU-hours where no GPU was used.
export function spentOf({ spent }: RunHead): string | undefined {
  if (spent.gpu_seconds > 0 || spent.gpus_in_use > 0) {
    const held = spent.gpus_in_use > 0 ? `, ${spent.gpus_in_use.toLocaleString("en")} in use` : "";
    return `${hours(spent.gpu_seconds)} GPU-hours${held}`;
  }
  return spent.cpu_seconds > 0 ? `${hours(spent.cpu_seconds)} CPU-hours` : undefined;
}

export function hours(seconds: number): string {
  const value = seconds / 3600;
  if (value >= 0.01) return format.number(Number(value.toPrecision(3)));
  return seconds > 0 ? "< 0.01" : "0";
}

// "11 tasks reused, which took 14 min once"
export function reusedOf({ reused, saved }: RunHead): string | undefined {
  if (reused === 0) return undefined;
  const words = `${reused.toLocaleString("en")} ${reused === 1 ? "task" : "tasks"} reused`;
  if (!saved || saved.tasks === 0) return words;
  const gpus = saved.gpu_seconds > 0 ? `, ${hours(saved.gpu_seconds)} GPU-hours` : "";
  const part = saved.tasks < reused ? ` of ${saved.tasks.toLocaleString("en")} of them` : "";
  return `${words}, saving ${format.duration(saved.seconds * 1000)}${gpus}${part}`;
}

// Why not more runs, where the stages themselves do not show it.
export function waitWords({ waiting, spent }: RunHead, running: number): string | undefined {
  if (!waiting) return undefined;
  const tasks = `${waiting.tasks.toLocaleString("en")} ${waiting.tasks === 1 ? "task" : "tasks"}`;
  const where = waiting.stage ? `, ${waiting.stage} first,` : "";
  const wait = waiting.tasks === 1 ? "waits" : "wait";
  if (waiting.reason === "retry" && waiting.until)
    return `${tasks}${where} ${wait} for the next attempt, not before ${format.clock(Date.parse(waiting.until))}`;
  if (waiting.reason !== "room") return undefined;
  const what = spent.gpus_in_use > 0 ? "CPUs, GPUs or memory" : "CPUs or memory";
  return running > 0 ? `${tasks} ${wait} for room` : `Nothing runs: ${tasks}${where} ${wait} for ${what} that other work holds, or for a host`;
}
