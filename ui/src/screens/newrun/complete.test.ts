import { describe as suite, expect, it } from "vitest";
import { readDeclaration } from "../plugins/declaration";
import { complete, describe, type Knowledge } from "./complete";
import { entriesOf, outlineOf, placeAt, stageText } from "./scan";

const shell = readDeclaration("shell", "Runs a command", {
  params: [
    { name: "run", type: "string", doc: "Command for /bin/sh -c", required: true },
    { name: "outputs", type: "json", doc: "Outputs by name", default: {} },
  ],
  open_inputs: true,
});
const train = readDeclaration("train", "Trains", {
  params: [
    { name: "steps", type: "int", doc: "How many", default: 40, min: 1 },
    { name: "advantage", type: "string", doc: "Over what", default: "task", choices: ["group", "task", "batch"] },
    { name: "balanced", type: "bool", doc: "Even", default: true },
  ],
  inputs: [{ name: "dataset", kind: "qa", doc: "What to learn from" }],
  outputs: [
    { name: "model", kind: "model", doc: "The trained model" },
    { name: "log", kind: "table", doc: "How it went" },
  ],
  metrics: [{ name: "loss", unit: "nats", doc: "Loss of the update" }],
});
const data = readDeclaration("data", "Makes records", { outputs: [{ name: "notes", kind: "table", doc: "" }, { name: "qa", kind: "qa", doc: "Records" }] });
const known: Knowledge = {
  schema: {
    properties: {
      cairn: { type: "integer", description: "Version of the file format" },
      name: { type: "string" },
      stages: {
        additionalProperties: {
          properties: {
            uses: { type: "string", description: "Stage type" },
            cache: { anyOf: [{ type: "boolean" }], description: "Whether an earlier result is taken" },
            retry: { properties: { max_attempts: { type: "integer", description: "Attempts at most (1)" } } },
            isolation: { anyOf: [{ enum: ["shared", "process"] }] },
          },
        },
      },
    },
  },
  types: [{ name: "shell", doc: "Runs a command" }, { name: "train", doc: "Trains" }, { name: "data", doc: "Makes records" }],
  declared: new Map([shell, train, data].map((one) => [one.name, one])),
};

// The cursor is at "|".
function at(text: string) {
  const where = text.indexOf("|");
  return [text.slice(0, where) + text.slice(where + 1), where] as const;
}
const labels = (text: string) => complete(...at(text), known)?.offers.map((offer) => offer.label);

suite("a place in a workflow", () => {
  it("is a key of the map that an empty line is indented into", () => {
    expect(placeAt(...at("stages:\n  a:\n    uses: shell\n    |"))).toMatchObject({ path: ["stages", "a"], in: "key" });
    expect(placeAt(...at("stages:\n  a:\n    uses: shell\n  |"))).toMatchObject({ path: ["stages"], in: "key" });
    expect(placeAt(...at("stages:\n  a:\n    uses: shell\n|"))).toMatchObject({ path: [], in: "key" });
  });
  it("is a value behind a colon, with the word begun", () => {
    expect(placeAt(...at("stages:\n  a:\n    uses: sh|"))).toEqual({ path: ["stages", "a", "uses"], in: "value", from: 23, word: "sh" });
  });
  it("is found inside braces, over several lines, too", () => {
    expect(placeAt(...at("stages:\n  a: {uses: shell, with: {ru|"))).toMatchObject({ path: ["stages", "a", "with"], in: "key", word: "ru" });
    expect(placeAt(...at("stages:\n  a: {uses: shell, with: {run: x}, |"))).toMatchObject({ path: ["stages", "a"], in: "key" });
    expect(placeAt(...at("stages:\n  a: {uses: shell,\n    cache: tr|"))).toMatchObject({ path: ["stages", "a", "cache"], in: "value", word: "tr" });
  });
  it("is an item of a list, in both ways to write one", () => {
    expect(placeAt(...at("stages:\n  a:\n    after:\n      - b\n      - c|"))).toMatchObject({ path: ["stages", "a", "after", "-"], in: "value", word: "c" });
    expect(placeAt(...at("stages:\n  a:\n    after: [b, c|"))).toMatchObject({ path: ["stages", "a", "after"], in: "value", word: "c" });
  });
  it("is none in a comment or in a text over several lines", () => {
    expect(placeAt(...at("name: x # he|"))).toBeUndefined();
    const text = "stages:\n  a:\n    with:\n      run: >\n        echo name: ";
    expect(placeAt(text, text.length)).toBeUndefined();
  });
});

suite("an outline", () => {
  it("has stages, what they use, their parameters, axes and outputs", () => {
    const text = `params:\n  n: {type: int, default: 3}\n  m:\n    type: bool\nstages:\n  a:\n    uses: shell  # runs\n    matrix: {x: [1, 2], y: [3]}\n    with:\n      run: "echo {a: b}"\n      outputs: {out: out.txt, log: "a, b"}\n  b: {uses: train, after: [a], foreach: a.out}\n`;
    const { params, stages } = outlineOf(text);
    expect(params).toEqual(["n", "m"]);
    expect([...stages.keys()]).toEqual(["a", "b"]);
    expect(stages.get("a")).toEqual({ uses: "shell", with: new Set(["run", "outputs"]), outputs: ["out", "log"], axes: ["x", "y"], each: false });
    expect(stages.get("b")).toMatchObject({ uses: "train", each: true });
  });
  it("does not take the lines of a script for keys", () => {
    const text = "stages:\n  a:\n    uses: shell\n    with:\n      run: |\n        name: x\n        other: y\n  b: {uses: noop}\n";
    expect(entriesOf(text).map((entry) => entry.path.join("."))).toEqual(["stages", "stages.a", "stages.a.uses", "stages.a.with", "stages.a.with.run", "stages.b", "stages.b.uses"]);
  });
  it("finds the lines of a stage", () => {
    const text = "stages:\n  a:\n    uses: x\n\n  b: {uses: y}\nname: z\n";
    expect([stageText(text, "a"), stageText(text, "b"), stageText(text, "c")]).toEqual(["  a:\n    uses: x", "  b: {uses: y}", undefined]);
  });
  it("is made of any text", () => {
    for (const text of ["", "{", "]]}", "a: {b: [", "- - -", "\t: :", '"', "a: 'x\n b: {", ": x", "-"]) expect(() => [outlineOf(text), placeAt(text, text.length)]).not.toThrow();
  });
});

suite("completion", () => {
  it("offers the keys that are not there yet", () => {
    expect(labels("cairn: 1\n|")).toEqual(["name", "stages"]);
    expect(labels("stages:\n  a:\n    uses: shell\n    |")).toEqual(["cache", "retry", "isolation"]);
    expect(labels("stages:\n  a:\n    retry: {|")).toEqual(["max_attempts"]);
  });
  it("offers stage types with what they do", () => {
    expect(complete(...at("stages:\n  a:\n    uses: |"), known)?.offers).toEqual(known.types.map(({ name, doc }) => ({ label: name, info: doc })));
  });
  it("offers the parameters of the stage's type, and the values of an enum", () => {
    expect(labels("stages:\n  a:\n    uses: train\n    with:\n      steps: 3\n      |")).toEqual(["advantage", "balanced"]);
    expect(labels("stages:\n  a: {uses: train, with: {advantage: |")).toEqual(["group", "task", "batch"]);
    expect(labels("params: {fair: {type: bool, default: true}}\nstages:\n  a: {uses: train, with: {balanced: |")).toEqual(["true", "false", "${params.fair}"]);
  });
  it("offers outputs of other stages, those of the right kind first", () => {
    expect(labels("stages:\n  d: {uses: data}\n  s: {uses: shell, with: {outputs: {raw: a.txt}}}\n  a:\n    uses: train\n    inputs:\n      dataset: |")).toEqual(["d.qa", "d.notes", "s.raw"]);
  });
  it("offers stages to wait for", () => expect(labels("stages:\n  a: {uses: data}\n  b: {uses: data, after: [|")).toEqual(["a"]));
  it("offers what may be referred to", () => {
    expect(labels('params:\n  n: {type: int, default: 1}\nstages:\n  t: {uses: train}\n  a:\n    uses: shell\n    matrix: {x: [1]}\n    with:\n      run: "echo ${|')).toEqual(["params.n", "matrix.x", "stages.t.metrics.loss"]);
  });
  it("offers fixed values of the schema", () => expect(labels("stages:\n  a:\n    isolation: |")).toEqual(["shared", "process"]));
});

suite("a word's description", () => {
  it("is the parameter's, with type, range and default", () => {
    const [text, where] = at("stages:\n  a: {uses: train, with: {st|eps: 3}}");
    expect(describe(text, where, known)).toMatchObject({ title: "train: steps", text: "How many\nint, ≥ 1\ndefault 40" });
  });
  it("is the schema's for a key, and the type's for its name", () => {
    expect(describe(...at("ca|irn: 1"), known)?.text).toBe("Version of the file format");
    expect(describe(...at("stages:\n  a:\n    uses: tr|ain"), known)?.text).toBe("Trains");
    expect(describe(...at("stages:\n  a:\n    uses: other|"), known)).toBeUndefined();
  });
});
