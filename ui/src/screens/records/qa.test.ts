import { describe, expect, it } from "vitest";
import { answersOf, markedText, membersOf, questionOf, spanOf, summaryOf } from "./qa";

const record = {
  id: "multihop-1",
  question: "What is its Alpha-3?",
  answer: ["RUS"],
  documents: [
    { id: "d1", title: "Criuleni", text: "Country code: MD", role: "distractor" },
    { id: "d2", title: "Адыгея", text: "Имя: Адыгея\nCode: RU", role: "evidence" },
  ],
  provenance: {
    chain: [{ document: "d2", subject: "Адыгея", relation: "Code", object: "RU", span: [21, 29] }],
    evidence_positions: [1],
    sql: "SELECT 1",
    parameters: ["d2", 3],
  },
};

describe("a question", () => {
  it("has its path, its query and its documents with their roles", () => {
    const sample = questionOf(record);
    expect(sample.answers).toEqual(["RUS"]);
    expect(sample.chain[0]).toMatchObject({ subject: "Адыгея", relation: "Code", object: "RU" });
    expect(sample.parameters).toEqual(["d2", "3"]);
    expect(sample.documents.map((document) => document.role)).toEqual(["distractor", "evidence"]);
  });
  it("marks evidence where its bytes are, in any script", () => {
    const [, evidence] = questionOf(record).documents;
    const marks = markedText(evidence?.text ?? "", evidence?.spans ?? []);
    expect(marks.filter((part) => part.marked).map((part) => part.text)).toEqual(["Code: RU"]);
  });
  it("may be anything without harm", () => {
    expect(questionOf({ documents: "x", provenance: { chain: [null, 3], evidence_positions: 7 } as never, answer: null })).toMatchObject({
      answers: [],
      documents: [],
    });
    expect(questionOf({}).question).toBe("");
  });
});

it("spans are held within the text", () => {
  expect(spanOf("abc", -4, 99)).toEqual([0, 3]);
  expect(markedText("abcdef", [[0, 3], [2, 4]])).toEqual([
    { text: "abc", marked: true },
    { text: "d", marked: true },
    { text: "ef", marked: false },
  ]);
});

it("answers are texts, one or several", () => {
  expect([answersOf({ answer: "x" }), answersOf({ answer: [1, "b"] }), answersOf({ answer: [] }), answersOf(undefined)]).toEqual([["x"], ["1", "b"], [], []]);
});

it("rows of another kind show the members that most have", () => {
  const rows = [{ id: "a", kept: true, why: { x: 1 } }, { id: "b", kept: false }, { id: "c", rare: 1, kept: true }];
  expect(membersOf(rows, 5)).toEqual(["id", "kept"]);
  expect(membersOf([{ text: "x".repeat(200), score: 1, id: "a" }], 5)).toEqual(["id", "score"]);
  expect(summaryOf({ id: "a", kept: true })).toBe("kept=true");
  expect(summaryOf({ responses: ["a", "b"] })).toBe("a · b");
});
