// What can stand at a place of a workflow, and what is known about a word in it. The server's schema
// and the declarations of its stage types are all that is asked.
import { defaultWords, limitWords, typeWords, type Declaration, type ParamDeclaration } from "../plugins/declaration";
import { entriesOf, outlineOf, placeAt, type Outline, type Place } from "./scan";

export interface Knowledge {
  schema: Schema | undefined; // of a workflow
  types: readonly { name: string; doc: string }[];
  declared: ReadonlyMap<string, Declaration>;
}

export interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  items?: Schema;
  enum?: (string | number | boolean)[];
  type?: string | string[];
}

export interface Offer {
  label: string;
  detail?: string | undefined;
  info?: string | undefined;
  apply?: string | undefined; // where it is more than the label
}

export interface Offers {
  from: number;
  offers: Offer[];
}

export function complete(text: string, at: number, known: Knowledge): Offers | undefined {
  const before = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  const reference = /\$\{([^}]*?)([\w.-]*)$/.exec(before);
  const outline = outlineOf(text);
  const place = placeAt(text, at);
  if (reference) {
    const path = place?.path ?? [];
    return { from: at - (reference[2] ?? "").length, offers: references(outline, path, known) };
  }
  if (!place) return undefined;
  const offers = place.in === "key" ? keys(place, outline, text, known) : values(place, outline, known);
  return offers.length > 0 ? { from: place.from, offers } : undefined;
}

function references(outline: Outline, path: readonly string[], known: Knowledge): Offer[] {
  const stage = path[0] === "stages" && path[1] !== undefined ? outline.stages.get(path[1]) : undefined;
  return [
    ...outline.params.map((name) => ({ label: `params.${name}`, detail: "parameter" })),
    ...(stage?.axes ?? []).map((name) => ({ label: `matrix.${name}`, detail: "axis" })),
    ...(stage?.each ? [{ label: "item", detail: "of the list" }] : []),
    ...[...outline.stages].flatMap(([name, other]) =>
      (known.declared.get(other.uses)?.metrics ?? []).map((metric) => ({
        label: `stages.${name}.metrics.${metric.name}`,
        detail: metric.unit,
        info: metric.doc,
      })),
    ),
  ];
}

function keys(place: Place, outline: Outline, text: string, known: Knowledge): Offer[] {
  const [head, name, part] = place.path;
  const stage = head === "stages" && name !== undefined ? outline.stages.get(name) : undefined;
  const declared = stage && known.declared.get(stage.uses);
  const taken = new Set(
    entriesOf(text)
      .filter((entry) => entry.from !== place.from && entry.path.length === place.path.length + 1 && place.path.every((key, at) => entry.path[at] === key))
      .map((entry) => entry.path.at(-1)),
  );
  let offers: Offer[];
  if (part === "with" && place.path.length === 3) offers = (declared?.params ?? []).map(paramOffer);
  else if (part === "inputs" && place.path.length === 3)
    offers = (declared?.inputs ?? []).map((port) => ({
      label: port.name,
      detail: [port.kind, port.list && "list", port.optional && "optional"].filter(Boolean).join(", "),
      info: port.doc,
      apply: `${port.name}: `,
    }));
  else if (head === "params" && place.path.length === 2) offers = paramKeys;
  else
    offers = Object.entries(schemaAt(known.schema, place.path)?.properties ?? {}).map(([label, schema]) => ({
      label,
      detail: typeOf(schema),
      info: schema.description,
      apply: `${label}: `,
    }));
  return offers.filter((offer) => !taken.has(offer.label));
}

const paramKeys: Offer[] = [
  ["type", "bool, int, float, string, enum, list, map, duration, bytes, tokens, path or secret"],
  ["default", "Value where none is given; left out: one must be given"],
  ["required", "true: a value must be given, there is no default"],
  ["min", "Smallest value"],
  ["max", "Largest value"],
  ["values", "Values of an enum"],
  ["description", "What the parameter does"],
].map(([label, info]) => ({ label: label ?? "", info, apply: `${label}: ` }));
const paramTypes = ["bool", "int", "float", "string", "enum", "list", "map", "duration", "bytes", "tokens", "path", "secret"];

function paramOffer(param: ParamDeclaration): Offer {
  return {
    label: param.name,
    detail: typeWords(param),
    info: paramWords(param),
    apply: `${param.name}: `,
  };
}

export function paramWords(param: ParamDeclaration): string {
  const limits = limitWords(param);
  return [param.doc, `${typeWords(param)}${limits && `, ${limits}`}`, param.required ? "required" : `default ${defaultWords(param)}`].join("\n");
}

function values(place: Place, outline: Outline, known: Knowledge): Offer[] {
  const path = place.path.at(-1) === "-" ? place.path.slice(0, -1) : place.path;
  const [head, name, part, key] = path;
  if (head === "params" && path.length === 3 && part === "type") return paramTypes.map((label) => ({ label }));
  if (head !== "stages" || name === undefined) return fixed(schemaAt(known.schema, path));
  const stage = outline.stages.get(name);
  const declared = stage && known.declared.get(stage.uses);
  if (part === "uses") return known.types.map((type) => ({ label: type.name, info: type.doc }));
  if (part === "after" || part === "on_failure")
    return [...outline.stages.keys()].filter((other) => other !== name).map((label) => ({ label, detail: outline.stages.get(label)?.uses }));
  if (part === "inputs") return outputs(name, outline, known, declared?.inputs.find((port) => port.name === key)?.kind);
  if (part === "foreach") return outputs(name, outline, known, undefined);
  if (part === "with" && key !== undefined && path.length === 4) {
    const param = declared?.params.find((known) => known.name === key);
    const choices = param?.choices ?? param?.element?.choices ?? (param?.type === "bool" ? ["true", "false"] : []);
    const given: Offer[] = choices.map((label) => ({ label, detail: param?.default === label ? "default" : undefined }));
    return [...given, ...outline.params.map((param) => ({ label: `\${params.${param}}`, detail: "parameter", apply: `"\${params.${param}}"` }))];
  }
  return fixed(schemaAt(known.schema, path));
}

// STAGE.OUTPUT, those of the kind that is wanted first.
function outputs(self: string, outline: Outline, known: Knowledge, kind: string | undefined): Offer[] {
  const offers = [...outline.stages]
    .filter(([name]) => name !== self)
    .flatMap(([name, stage]) => {
      const declared = known.declared.get(stage.uses)?.outputs ?? [];
      return [
        ...declared.map((port) => ({ label: `${name}.${port.name}`, detail: port.kind, info: port.doc })),
        ...stage.outputs.map((output) => ({ label: `${name}.${output}`, detail: undefined, info: undefined })),
      ];
    });
  return kind === undefined ? offers : [...offers.filter((offer) => offer.detail === kind), ...offers.filter((offer) => offer.detail !== kind)];
}

function fixed(schema: Schema | undefined): Offer[] {
  const all = schema ? [schema, ...(schema.anyOf ?? [])] : [];
  const labels = all.flatMap((one) => [...(one.enum ?? []).map(String), ...(one.type === "boolean" ? ["true", "false"] : [])]);
  return [...new Set(labels)].map((label) => ({ label, info: schema?.description }));
}

function typeOf(schema: Schema): string | undefined {
  const inner = schema.anyOf?.[0] ?? schema;
  if (inner.enum) return inner.enum.length > 4 ? undefined : inner.enum.join(" | ");
  return Array.isArray(inner.type) ? inner.type[0] : inner.type;
}

export function schemaAt(schema: Schema | undefined, path: readonly string[]): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const key of path) {
    if (!at) return undefined;
    const forms: Schema[] = [at, ...(at.anyOf ?? [])];
    const named = forms.map((form) => (key === "-" ? form.items : form.properties?.[key])).find(Boolean);
    const any = forms.map((form) => form.additionalProperties).find((form) => typeof form === "object");
    at = named ?? any;
  }
  return at;
}

export interface Hover {
  from: number;
  to: number;
  title: string;
  text: string;
}

// What is known about the key, the stage type or the reference below the pointer.
export function describe(text: string, at: number, known: Knowledge): Hover | undefined {
  const entry = entriesOf(text).find((one) => one.from <= at && at <= one.to);
  if (entry) {
    const [head, name, part, key] = entry.path;
    const uses = head === "stages" && name !== undefined ? outlineOf(text).stages.get(name)?.uses : undefined;
    const declared = uses === undefined ? undefined : known.declared.get(uses);
    const range = { from: entry.from, to: entry.to };
    const param = part === "with" && entry.path.length === 4 ? declared?.params.find((one) => one.name === key) : undefined;
    if (param) return { ...range, title: `${uses}: ${param.name}`, text: paramWords(param) };
    const port = part === "inputs" && entry.path.length === 4 ? declared?.inputs.find((one) => one.name === key) : undefined;
    if (port) return { ...range, title: `${uses}: ${port.name}`, text: `${port.doc}\n${port.kind}${port.list ? ", a list" : ""}` };
    if (head === "params" && entry.path.length === 3) {
      const info = paramKeys.find((one) => one.label === part)?.info;
      return info === undefined ? undefined : { ...range, title: part ?? "", text: info };
    }
    const doc = schemaAt(known.schema, entry.path)?.description;
    return doc === undefined ? undefined : { ...range, title: entry.path.at(-1) ?? "", text: doc };
  }
  const line = text.lastIndexOf("\n", at - 1) + 1;
  const end = text.indexOf("\n", at);
  const whole = text.slice(line, end < 0 ? undefined : end);
  for (const found of whole.matchAll(/[\w.-]+/g)) {
    const from = line + found.index;
    if (from > at || at > from + found[0].length) continue;
    const type = known.types.find((one) => one.name === found[0]);
    return type && { from, to: from + found[0].length, title: type.name, text: type.doc };
  }
  return undefined;
}
