// What stands behind "?" of the tabs Metrics, Logs, Rollouts and Artifacts: each parameter is
// checked here, so that a link that somebody mistyped shows the next best instead of an error.
import type { RolloutFilter, RolloutSort } from "@/api/reading";
import { finite, oneOf, text, texts } from "./search";

type Raw = Record<string, unknown>;

function whole(value: unknown): number | undefined {
  const number = finite(value);
  return number !== undefined && Number.isInteger(number) && number >= 0 ? number : undefined;
}

const yesNo = ["yes", "no"] as const;
type YesNo = (typeof yesNo)[number];

// Only what is on stands in the URL.
function yes(value: unknown): true | undefined {
  return value === true || text(value) === "true" ? true : undefined;
}

const table = ["table"] as const;

export interface MetricsSearch {
  of?: string[] | undefined; // STAGE or RUN/STAGE; the first is what the tab is about
  q?: string | undefined;
  smooth?: number | undefined; // half-life of the average in steps
  log?: boolean | undefined;
  as?: "table" | undefined;
  from?: number | undefined; // steps
  to?: number | undefined;
}

export function metricsSearch(search: Raw): MetricsSearch {
  const from = finite(search.from);
  const to = finite(search.to);
  const ranged = from !== undefined && to !== undefined && from < to && Number.isInteger(from) && Number.isInteger(to);
  return {
    of: texts(search.of)?.slice(0, 8),
    q: text(search.q),
    smooth: whole(search.smooth),
    log: yes(search.log),
    as: oneOf(search.as, table),
    from: ranged ? from : undefined,
    to: ranged ? to : undefined,
  };
}

export interface LogsSearch {
  of?: string | undefined; // task
  attempt?: number | undefined;
  source?: "log" | "output" | undefined;
  level?: string | undefined; // with commas between them
  q?: string | undefined;
  regex?: boolean | undefined;
  only?: boolean | undefined; // lines that match alone
  line?: number | undefined;
  at?: number | undefined; // byte, while lines are not counted
  entry?: string | undefined; // of the log of all tasks: the place of a line
  wrap?: boolean | undefined;
}

export function logsSearch(search: Raw): LogsSearch {
  return {
    of: text(search.of),
    attempt: whole(search.attempt) || undefined,
    source: oneOf(search.source, ["log", "output"] as const),
    level: text(search.level),
    q: text(search.q)?.slice(0, 1000),
    regex: yes(search.regex),
    only: yes(search.only),
    line: whole(search.line) || undefined,
    at: whole(search.at),
    entry: text(search.entry)?.slice(0, 1000),
    wrap: yes(search.wrap),
  };
}

export interface RolloutsSearch extends Omit<RolloutFilter, "truncated" | "dropped" | "with_tokens" | "answered"> {
  truncated?: YesNo | undefined;
  dropped?: YesNo | undefined;
  with_tokens?: YesNo | undefined;
  answered?: YesNo | undefined;
  of?: string | undefined; // stage
  sort?: RolloutSort | undefined;
  q?: string | undefined;
}

const sortKeys = ["step", "reward", "advantage", "tokens", "entropy", "made", "error"] as const;
const sorts: readonly RolloutSort[] = sortKeys.flatMap((key): RolloutSort[] => [key, `-${key}`]);

export function rolloutsSearch(search: Raw): RolloutsSearch {
  return {
    of: text(search.of),
    step_min: finite(search.step_min),
    step_max: finite(search.step_max),
    task: text(search.task),
    sample: text(search.sample),
    reward_min: finite(search.reward_min),
    reward_max: finite(search.reward_max),
    advantage: oneOf(search.advantage, ["negative", "zero", "positive"] as const),
    truncated: oneOf(search.truncated, yesNo),
    dropped: oneOf(search.dropped, yesNo),
    with_tokens: oneOf(search.with_tokens, yesNo),
    answered: oneOf(search.answered, yesNo),
    sort: oneOf(search.sort, sorts),
    q: text(search.q)?.slice(0, 1000),
  };
}

// The filter as the API takes it.
export function rolloutFilter(search: RolloutsSearch): RolloutFilter {
  const flag = (word: YesNo | undefined) => (word === undefined ? undefined : word === "yes");
  const { step_min, step_max, task, sample, reward_min, reward_max, advantage } = search;
  return {
    step_min,
    step_max,
    task,
    sample,
    reward_min,
    reward_max,
    advantage,
    truncated: flag(search.truncated),
    dropped: flag(search.dropped),
    with_tokens: flag(search.with_tokens),
    answered: flag(search.answered),
  };
}

export const tokenColours = ["entropy", "logprob", "reference", "advantage", "mask"] as const;
export const rolloutViews = ["text", "tokens", "json"] as const;

const groupViews = ["tree", "side"] as const;

export interface GroupSearch {
  of?: string | undefined;
  step?: number | undefined;
  sample?: string | undefined;
  diff?: string | undefined; // "ROW,ROW"
  colour?: (typeof tokenColours)[number] | undefined; // of tokens; without: texts
  as?: (typeof groupViews)[number] | undefined; // without: what shows most of it
  node?: string | undefined; // of the tree: "q", "INDEX" or "INDEX.TURN"
  shut?: string[] | undefined; // nodes that are folded
}

export function groupSearch(search: Raw): GroupSearch {
  return {
    of: text(search.of),
    step: finite(search.step),
    sample: text(search.sample),
    diff: /^\d+,\d+$/.test(text(search.diff) ?? "") ? text(search.diff) : undefined,
    colour: oneOf(search.colour, tokenColours),
    as: oneOf(search.as, groupViews),
    node: /^(q|\d+(\.\d+)?)$/.test(text(search.node) ?? "") ? text(search.node) : undefined,
    shut: texts(search.shut)?.filter((one) => /^(q|\d+)$/.test(one)),
  };
}

export interface RolloutSearch {
  of?: string | undefined;
  view?: (typeof rolloutViews)[number] | undefined;
  colour?: (typeof tokenColours)[number] | undefined;
  tokens?: string | undefined; // "FROM-TO"
  byte?: number | undefined; // of the response: what a search found
}

export function rolloutSearch(search: Raw): RolloutSearch {
  return {
    of: text(search.of),
    view: oneOf(search.view, rolloutViews),
    colour: oneOf(search.colour, tokenColours),
    tokens: /^\d+(-\d+)?$/.test(text(search.tokens) ?? "") ? text(search.tokens) : undefined,
    byte: whole(search.byte),
  };
}

export const artifactViews = ["records", "tensors", "preview", "bytes"] as const;

export interface ArtifactSearch {
  file?: string | undefined; // of a folder
  as?: (typeof artifactViews)[number] | undefined;
  q?: string | undefined;
  regex?: boolean | undefined;
  where?: string[] | undefined; // MEMBER=VALUE
  // The record that is shown whole, by the byte at which it begins, its id or its number.
  record?: number | undefined;
  id?: string | undefined;
  number?: number | undefined;
}

export function artifactSearch(search: Raw): ArtifactSearch {
  return {
    file: text(search.file),
    as: oneOf(search.as, artifactViews),
    q: text(search.q)?.slice(0, 1000),
    regex: yes(search.regex),
    where: texts(search.where)?.filter((one) => one.includes("=")),
    record: whole(search.record),
    id: text(search.id),
    number: whole(search.number),
  };
}

export interface ArtifactsSearch extends ArtifactSearch {
  at?: string | undefined; // STAGE.OUTPUT
}

export interface DigestSearch extends ArtifactSearch {
  run?: string | undefined; // that it was opened from
  kind?: string | undefined;
}

export const artifactsSearch = (search: Raw): ArtifactsSearch => ({ at: text(search.at), ...artifactSearch(search) });
export const digestSearch = (search: Raw): DigestSearch => ({ run: text(search.run), kind: text(search.kind), ...artifactSearch(search) });
