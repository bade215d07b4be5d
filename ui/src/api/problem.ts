// What can go wrong with a request, and how it reads.
import type { ProblemText } from "@/design";
import type { Problem } from "./types";

// The server answered with an error.
export class ApiProblem extends Error {
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}`);
    this.name = "ApiProblem";
    this.status = status;
    this.problem = problem;
  }
}

// No answer came.
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer");
    this.name = "Unreachable";
  }
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return new ApiProblem(response.status, body);
  } catch {
    // No JSON: a proxy in between has answered.
  }
  return new ApiProblem(response.status, { title: response.statusText || `The server answered ${response.status}` });
}

// Title, places and next step, for a ProblemBox.
export function problemText(error: unknown): ProblemText {
  if (error instanceof ApiProblem) {
    const { title, detail, hint, errors, trace_id: trace } = error.problem;
    const places = errors?.map((place) => ({
      where: [place.file ?? place.pointer, place.line, place.column].filter((part) => part !== undefined).join(":"),
      message: [place.message ?? detail ?? "", place.hint ?? ""].filter(Boolean).join(" – "),
    }));
    return {
      title: detail ?? title ?? error.message,
      hint: hint ?? nextStep(error.status),
      places,
      trace,
    };
  }
  if (error instanceof Unreachable) {
    return { title: error.message, hint: "Is cairn serve still running? This page tries again by itself." };
  }
  return { title: error instanceof Error ? error.message : String(error), hint: "Reload the page." };
}

function nextStep(status: number): string | undefined {
  if (status === 401) return "Sign in again: cairn ui opens a link.";
  if (status === 403) return "This needs an admin's token; cairn token list shows yours.";
  if (status === 429) return "Wait a moment, then try again.";
  return undefined;
}
