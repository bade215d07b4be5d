import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useRef, useState, type DragEvent } from "react";
import { client, document as read, requestKey } from "@/api/client";
import { problemText } from "@/api/problem";
import { runsKey, sessionQuery, workflowQuery } from "@/api/queries";
import type { Diagnostic } from "@/api/types";
import { Button, clsx, CodeText, Empty, Loading, Menu, ProblemBox, useToast } from "@/design";
import { ParamForm } from "../actions/ParamForm";
import { PlanView } from "../actions/PlanView";
import { declaredParams, setOptions, shellWord, typedValues } from "./declared";
import { emptyDraft, useDraft, useStill, type Draft } from "./draft";
import { FromRun } from "./FromRun";
import css from "./NewRun.module.css";
import { Problems } from "./Problems";
import { planQuery, validateQuery, type Submission } from "./queries";
import { outlineOf, placeAt } from "./scan";
import { StageForm } from "./StageForm";
import { useKnowledge } from "./useKnowledge";
import type { EditorHandle } from "./YamlEditor";

const YamlEditor = lazy(() => import("./YamlEditor").then(({ YamlEditor }) => ({ default: YamlEditor })));
const mostBytes = 4 << 20; // that the server reads of a workflow
const none: readonly Diagnostic[] = [];

function submissionOf(draft: Draft, values: Record<string, unknown>): Submission {
  const seed = /^\d+$/.test(draft.seed.trim()) ? Number(draft.seed) : undefined;
  return {
    workflow: draft.text,
    ...(Object.keys(values).length > 0 && { params: values }),
    ...(seed !== undefined && { seed }),
    ...(draft.name.trim() && { name: draft.name.trim() }),
  };
}

// A workflow on its way to be a run: its text, what is wrong with it, its parameters, and what starting
// it would do.
export function NewRun() {
  const [draft, change] = useDraft();
  const editor = useRef<EditorHandle>(null);
  const [cursor, setCursor] = useState(0);
  const still = useStill(draft, 350);
  const known = useKnowledge(still.text);
  const params = useMemo(() => declaredParams(still.text), [still.text]);
  const { values, wrong } = useMemo(() => typedValues(params, still.given), [params, still.given]);
  const what = useMemo(() => submissionOf(still, values), [still, values]);
  const validation = useQuery(validateQuery(what));
  const diagnostics = validation.data?.diagnostics ?? none;
  const valid = validation.data?.valid === true && !validation.isPlaceholderData && Object.keys(wrong).length === 0;
  const plan = useQuery(planQuery(what, valid));
  const settled = still === draft;

  return (
    <div className={css.page}>
      <Bar draft={draft} change={change} />
      <LikeRun change={change} />
      <div className={css.body}>
        <Drop onText={(text) => change({ text, given: {} })}>
          <Suspense fallback={<Loading what="the editor" lines={14} />}>
            <YamlEditor
              ref={editor}
              text={draft.text}
              known={known}
              diagnostics={validation.isPlaceholderData ? none : diagnostics}
              onText={(text) => change({ text })}
              onCursor={setCursor}
            />
          </Suspense>
        </Drop>
        {/* A region that scrolls can be reached with the keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className={css.side} tabIndex={0} role="region" aria-label="What starts">
          <section className={css.section} aria-label="Checks">
            <h2>Checks</h2>
            {draft.text.trim() === "" && <Empty title="No workflow yet">Type one, drop a file, or begin with a template.</Empty>}
            {validation.error && <ProblemBox problem={problemText(validation.error)} retry={() => void validation.refetch()} />}
            {validation.data && diagnostics.length === 0 && <p className={css.good}>The server finds nothing wrong.</p>}
            {diagnostics.length > 0 && (
              <Problems text={still.text} diagnostics={diagnostics} onGo={(line, column) => editor.current?.goTo(line, column)} />
            )}
          </section>
          <section className={css.section} aria-label="Parameters">
            <h2>Parameters</h2>
            {params.length === 0 && <p className="muted">The workflow declares none.</p>}
            <ParamForm
              params={params}
              given={draft.given}
              wrong={wrong}
              onGiven={(name, text) => change({ given: { ...draft.given, [name]: text } })}
            />
          </section>
          <StageAt text={draft.text} cursor={cursor} known={known} onChange={(edit) => editor.current?.change(edit)} />
          <Start what={what} plan={plan} ready={valid && settled} problems={diagnostics.filter((one) => one.severity === "error").length} />
        </div>
      </div>
    </div>
  );
}

function Bar({ draft, change }: { draft: Draft; change: (change: Partial<Draft>) => void }) {
  const [picking, setPicking] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const navigate = useNavigate({ from: "/new" });
  const toast = useToast();
  return (
    <div className={css.bar}>
      <h1>New run</h1>
      <label className={css.small}>
        Name
        <input value={draft.name} placeholder="the workflow's" spellCheck={false} onChange={(event) => change({ name: event.target.value })} />
      </label>
      <label className={css.small}>
        Seed
        <input
          value={draft.seed}
          placeholder="the workflow's"
          inputMode="numeric"
          aria-invalid={!/^\d*$/.test(draft.seed.trim())}
          onChange={(event) => change({ seed: event.target.value })}
        />
      </label>
      <span className={css.tools}>
        <Button onClick={() => file.current?.click()}>Open a file…</Button>
        <input
          ref={file}
          type="file"
          hidden
          aria-label="Workflow file"
          accept=".yaml,.yml,.txt"
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            event.target.value = "";
            if (chosen)
              void readFile(chosen).then(
                (text) => change({ text, given: {} }),
                (error: Error) => toast({ text: error.message, failed: true }),
              );
          }}
        />
        <Menu
          label="Begin with"
          items={[
            { id: "minimal", label: "A minimal workflow", choose: () => change(emptyDraft) },
            { id: "run", label: "The workflow of a run…", choose: () => setPicking(true) },
          ]}
        />
      </span>
      {picking && (
        <FromRun
          onRun={(run) => {
            setPicking(false);
            void navigate({ search: { like: run } });
          }}
          onClose={() => setPicking(false)}
        />
      )}
    </div>
  );
}

// "?like=RUN": its text, and its parameters where these are not the text's own.
function LikeRun({ change }: { change: (change: Partial<Draft>) => void }) {
  const { like } = useSearch({ from: "/new" });
  const navigate = useNavigate({ from: "/new" });
  const query = useQuery({ ...workflowQuery(like ?? ""), enabled: like !== undefined });
  useEffect(() => {
    if (like === undefined || !query.data) return;
    const { text, params, seed } = query.data;
    const given: Record<string, string> = {};
    for (const param of declaredParams(text)) {
      const value = params?.[param.name];
      const words = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
      const same = words === param.default || (words !== "" && Number(words) === Number(param.default)) || param.complex;
      if (words !== "" && !same) given[param.name] = words;
    }
    change({ text, given, seed: String(seed), name: "" });
    void navigate({ search: {}, replace: true });
  }, [like, query.data, change, navigate]);
  if (!query.error) return null;
  return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
}

export async function readFile(file: File): Promise<string> {
  if (file.size > mostBytes) throw new Error(`${file.name} is larger than 4 MiB. A workflow is text of less.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${file.name} is no UTF-8 text. Choose a workflow file.`);
  }
}

function Drop({ children, onText }: { children: React.ReactNode; onText: (text: string) => void }) {
  const [over, setOver] = useState(false);
  const toast = useToast();
  const drag = (event: DragEvent, begins: boolean) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(begins);
  };
  return (
    // The button "Open a file…" does the same for those without a pointer.
    <div
      className={clsx(css.editor, over && css.over)}
      role="presentation"
      onDragOver={(event) => drag(event, true)}
      onDragLeave={(event) => drag(event, false)}
      onDropCapture={(event) => {
        const file = event.dataTransfer.files[0];
        if (!file) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        void readFile(file).then(onText, (error: Error) => toast({ text: error.message, failed: true }));
      }}
    >
      {children}
    </div>
  );
}

interface StageAtProps {
  text: string;
  cursor: number;
  known: ReturnType<typeof useKnowledge>;
  onChange: (change: { from: number; to: number; insert: string }) => void;
}

// The form of the stage that the cursor is in.
function StageAt({ text, cursor, known, onChange }: StageAtProps) {
  const stage = useMemo(() => {
    const path = placeAt(text, Math.min(cursor, text.length))?.path ?? [];
    return path[0] === "stages" ? path[1] : undefined;
  }, [text, cursor]);
  const uses = useMemo(() => (stage === undefined ? undefined : usesOf(text, stage)), [text, stage]);
  const declared = uses === undefined ? undefined : known.declared.get(uses);
  if (stage === undefined || !declared) return null;
  return <StageForm text={text} stage={stage} declared={declared} onChange={onChange} />;
}

interface StartProps {
  what: Submission;
  plan: ReturnType<typeof useQuery<Awaited<ReturnType<NonNullable<ReturnType<typeof planQuery>["queryFn"]>>>>>;
  ready: boolean;
  problems: number;
}

function Start({ what, plan, ready, problems }: StartProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const session = useQuery(sessionQuery());
  // One key for what is asked for: sent again, it starts nothing twice.
  const key = useMemo(() => ({ key: requestKey(), what }), [what]);
  const start = useMutation({
    mutationFn: () => read(client.POST("/api/v1/runs", { body: what, headers: { "Idempotency-Key": key.key } })),
    onSuccess: (run) => {
      void queries.invalidateQueries({ queryKey: runsKey });
      void navigate({ to: "/runs/$run/graph", params: { run: run.id } });
    },
  });
  const viewer = session.data?.role === "viewer";
  const shown = plan.data && ready ? plan.data : undefined;
  const why = viewer ? "Starting a run needs an admin's token." : problems > 0 ? `${problems} ${problems === 1 ? "error keeps" : "errors keep"} it from starting.` : undefined;
  const options = `${what.name ? ` --name ${shellWord(what.name)}` : ""}${setOptions(what.params ?? {})}${what.seed === undefined ? "" : ` --seed ${what.seed}`}`;
  return (
    <section className={css.section} aria-label="Start">
      <h2>What starting it does</h2>
      {plan.error && ready && <ProblemBox problem={problemText(plan.error)} retry={() => void plan.refetch()} />}
      {ready && plan.isPending && <Loading what="the plan" lines={3} />}
      {!ready && !why && <p className="muted">The plan follows the checks.</p>}
      {shown && <PlanView stages={shown.stages ?? []} />}
      {start.error && <ProblemBox problem={problemText(start.error)} />}
      <CodeText label="The same on the command line" text={`cairn submit FILE${options}`} wrap />
      <div className={css.start}>
        {why && <span className="muted">{why}</span>}
        <Button kind="primary" disabled={!shown || viewer || start.isPending} onClick={() => start.mutate()}>
          Start the run
        </Button>
      </div>
    </section>
  );
}

function usesOf(text: string, stage: string): string | undefined {
  return outlineOf(text).stages.get(stage)?.uses;
}
