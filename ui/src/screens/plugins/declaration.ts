// What a stage type declares, as the API hands it on.
export interface ParamDeclaration {
  name: string;
  type: string;
  doc: string;
  required?: boolean;
  default?: unknown;
  min?: number;
  max?: number;
  choices?: string[];
  element?: { type: string; choices?: string[]; min?: number; max?: number };
  content?: boolean;
}

export interface PortDeclaration {
  name: string;
  kind: string;
  doc: string;
  list?: boolean;
  optional?: boolean;
}

export interface MetricDeclaration {
  name: string;
  unit: string;
  doc: string;
}

export interface Declaration {
  name: string;
  doc: string;
  params: ParamDeclaration[];
  inputs: PortDeclaration[];
  outputs: PortDeclaration[];
  metrics: MetricDeclaration[];
  random: boolean;
  openInputs: boolean; // takes further inputs, of any kind
  outputsFrom: string | undefined; // the parameter whose keys are further outputs
}

const list = <T>(value: unknown): T[] => (Array.isArray(value) ? (value as T[]) : []);

export function readDeclaration(name: string, doc: string, raw: unknown): Declaration {
  const found = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
  return {
    name,
    doc,
    params: list<ParamDeclaration>(found.params),
    inputs: list<PortDeclaration>(found.inputs),
    outputs: list<PortDeclaration>(found.outputs),
    metrics: list<MetricDeclaration>(found.metrics),
    random: found.random === true,
    openInputs: found.open_inputs === true,
    outputsFrom: typeof found.outputs_from_param === "string" ? found.outputs_from_param : undefined,
  };
}

export function typeWords(param: ParamDeclaration): string {
  return param.type === "list" && param.element ? `list of ${param.element.type}` : param.type;
}

export function limitWords(param: Pick<ParamDeclaration, "choices" | "min" | "max" | "element">): string {
  const { choices, min, max } = param;
  if (choices?.length) return choices.join(" | ");
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `≥ ${min}`;
  if (max !== undefined) return `≤ ${max}`;
  return param.element ? limitWords(param.element) : "";
}

export function defaultWords(param: ParamDeclaration): string {
  return param.required ? "required" : param.default === undefined ? "none" : JSON.stringify(param.default);
}

// A stage that uses it: what must be given, and each input.
export function exampleStage(declared: Declaration): string {
  const name = declared.name.replace(/[^A-Za-z0-9_-]/g, "_");
  const lines = [`${name}:`, `  uses: ${declared.name}`];
  const inputs = declared.inputs.filter((port) => !port.optional);
  if (inputs.length > 0) {
    lines.push("  inputs:");
    for (const port of inputs) lines.push(`    ${port.name}: ${port.list ? `[STAGE.${port.name}]` : `STAGE.${port.name}`}  # ${port.kind}`);
  }
  const needed = declared.params.filter((param) => param.required);
  const shown = needed.length > 0 ? needed : declared.params.slice(0, 2);
  if (shown.length > 0) {
    lines.push("  with:");
    for (const param of shown) lines.push(`    ${param.name}: ${exampleValue(param)}`);
  }
  return `${lines.join("\n")}\n`;
}

function exampleValue(param: ParamDeclaration): string {
  if (param.default !== undefined) return JSON.stringify(param.default);
  if (param.choices?.[0] !== undefined) return param.choices[0];
  if (param.type === "string" || param.type === "path") return `"…"  # ${param.doc}`;
  if (param.type === "list") return "[]";
  if (param.type === "json") return "{}";
  return param.type === "bool" ? "true" : String(param.min ?? 1);
}
