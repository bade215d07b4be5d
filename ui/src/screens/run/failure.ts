// What a failure says, and what to do about it, as pure functions.

export interface FailureInfo {
  cause: string;
  message: string;
}

// The next step for each cause that the engine knows.
const steps: Record<string, string> = {
  oom: "Give it more memory (resources.memory) or less to hold at once, then resume.",
  timeout: "Raise its timeout, or look in its log for what it waits for, then resume.",
  crash: "Its log and output show the last lines before it died. cairn replay runs the attempt again, alone.",
  error: "Correct what the message names, then resume: what has succeeded is kept.",
  preempted: "Resume: it goes on from its last checkpoint.",
  node_failed: "Resume: it goes on from its last checkpoint.",
  upstream_failed: "Look at the stage that it needs.",
  lost_artifact: "Run the stage that made it anew.",
  invalid_output: "The stage wrote an output that is not of its kind: this is a defect of its plugin.",
  corrupt_record: "The run's journal cannot be read on. Submit it again; results that are kept are reused.",
};

export function nextStepOf(cause: string): string | undefined {
  return steps[cause];
}

export function oneLine(text: string, most = 240): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

// Reasons that say more than the failure itself.
export function furtherReasons(reasons: readonly string[], failure: FailureInfo | undefined): string[] {
  if (!failure) return [...reasons];
  const said = oneLine(failure.message, Infinity);
  return reasons.filter((reason) => !oneLine(reason, Infinity).includes(said));
}

// Whose result a reason says is reused.
export function reusedFrom(reason: string): { run: string; task: string } | undefined {
  const [, run, task] = /^the result was known from ([^/\s]+)\/(.+)$/.exec(reason) ?? [];
  return run && task ? { run, task } : undefined;
}
