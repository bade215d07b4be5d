import { describe, expect, it } from "vitest";
import { filterQuery, formatFilter, parseFilter, runMatches, statusMatches } from "./runFilter";
import type { RunRow } from "./types";

const row: RunRow = {
  id: "1m8ch5cj5ddbk",
  name: "qwenlong-mini",
  status: "failed",
  created_at: "2026-11-26T18:16:25.413Z",
  started_at: null,
  finished_at: null,
  workflow: "workflows/qwenlong-mini.yaml",
  labels: { team: "rl" },
  stages: { total: 2, succeeded: 1, by_status: {} },
};

describe("filter", () => {
  it("reads the grammar of the command line", () => {
    expect(parseFilter('status=!succeeded label=team=rl label=a=b workflow="my file.yaml" long context')).toEqual({
      filter: {
        status: "!succeeded",
        label: ["team=rl", "a=b"],
        workflow: "my file.yaml",
        q: "long context",
      },
      problems: [],
    });
  });
  it.each(["status=failed,running label=a=b words here", 'workflow="a b.yaml"', "created_after=2026-11-01 x=", ""])(
    "says %s again as it was",
    (text) => {
      const { filter } = parseFilter(text);
      expect(parseFilter(formatFilter(filter)).filter).toEqual(filter);
    },
  );
  it.each([
    ["stat=failed", '"stat" is no filter; did you mean status?'],
    ["status=broken", '"broken" is no status; there are pending'],
    ["status=", "status= needs a value"],
    ["label=x", 'a label is KEY=VALUE, not "x"'],
    ["created_after=yesterday", '"yesterday" is no time; write 2026-11-26'],
    ["colour=red", '"colour" is no filter; there are status'],
  ])("%s: %s", (text, problem) => expect(parseFilter(text).problems[0]).toContain(problem));
  it("takes words with an equals sign that are no keys as words", () => {
    expect(parseFilter("X=1 =a").filter.q).toBe("X=1 =a");
  });
  it("gives the server whole times", () => {
    expect(filterQuery({ created_after: "2026-11-01T00:00:00Z" })).toEqual({ created_after: "2026-11-01T00:00:00.000Z" });
  });
});

describe("a row", () => {
  it.each([
    ["", true],
    ["status=failed", true],
    ["status=running,failed", true],
    ["status=!failed", false],
    ["label=team=rl", true],
    ["label=team=sft", false],
    ["QWENLONG", true],
    ["5ddbk", true],
    ["nothing", false],
    ["created_after=2026-11-26T19:00:00Z", false],
    ["created_before=2026-11-26T19:00:00Z", true],
    ["name=qwenlong", false],
    ["workflow=workflows/qwenlong-mini.yaml", true],
  ])("that failed is shown by %s: %s", (text, shown) => expect(runMatches(parseFilter(text).filter, row)).toBe(shown));
  it("may have any status where none is asked for", () => expect(statusMatches(undefined, "x")).toBe(true));
});
