// The states of runs, stages, tasks and attempts: their order, words and shapes. Each has a shape of
// its own, so that no state is told by colour alone. The shapes are path data on a 16 × 16 grid, used
// by SVG and canvas alike.

export const statuses = [
  "failed",
  "interrupted",
  "running",
  "waiting",
  "paused",
  "pending",
  "succeeded",
  "cached",
  "cancelled",
  "skipped",
] as const;
export type Status = (typeof statuses)[number];

export function isStatus(text: string): text is Status {
  return (statuses as readonly string[]).includes(text);
}

// A status that this page does not know is shown as pending, with its own word.
export function statusOf(text: string, cached = false): Status {
  if (cached && text === "succeeded") return "cached";
  return isStatus(text) ? text : "pending";
}

export function isOver(status: string): boolean {
  return ["succeeded", "cached", "failed", "cancelled", "skipped"].includes(status);
}

export const statusMeaning: Record<Status, string> = {
  failed: "ended with an error",
  interrupted: "its engine went away; resume continues it",
  running: "at work",
  waiting: "waits for a decision or for resources",
  paused: "starts nothing new until it is continued",
  pending: "not started",
  succeeded: "done",
  cached: "result known from before and reused",
  cancelled: "ended by a person",
  skipped: "not needed or not possible",
};

export interface Shape {
  readonly fill?: string;
  readonly stroke?: string;
}

export const statusShape: Record<Status, Shape> = {
  pending: { stroke: "M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z" },
  waiting: { stroke: "M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z M8 4.8V8l2.2 1.6" },
  running: { fill: "M4.5 2.8v10.4L13.2 8z" },
  paused: { fill: "M3.8 3h2.9v10H3.8z M9.3 3h2.9v10H9.3z" },
  succeeded: { stroke: "M2.8 8.6l3.5 3.6 7-8.2" },
  cached: { stroke: "M13 8.2A5 5 0 1 1 11.3 4.3 M11.6 1.6v3h-3" },
  // An octagon; the cross is cut out by the even-odd rule.
  failed: {
    fill: "M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z M5.9 4.8L4.8 5.9 6.9 8l-2.1 2.1 1.1 1.1L8 9.1l2.1 2.1 1.1-1.1L9.1 8l2.1-2.1-1.1-1.1L8 6.9z",
  },
  interrupted: { stroke: "M8 2.3l6 11H2z M8 6.4v3.2 M8 11.3v.6" },
  cancelled: { stroke: "M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z M4.2 11.8l7.6-7.6" },
  skipped: { stroke: "M3 3.8L7.2 8 3 12.2 M8.6 3.8L12.8 8l-4.2 4.2" },
};

export type Counts = Readonly<Partial<Record<Status, number>>>;

export function total(counts: Counts): number {
  return statuses.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}

// The state that speaks for a group: what is wrong first, then what moves, then what is done.
export function worst(counts: Counts): Status {
  return statuses.find((status) => (counts[status] ?? 0) > 0) ?? "pending";
}
