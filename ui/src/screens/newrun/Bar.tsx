import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useId, useRef, useState } from "react";
import { Button, IconButton, Menu, useToast } from "@/design";
import { emptyDraft, wrongSeed, type Draft } from "./draft";
import { readFile } from "./Drop";
import { FromRun } from "./FromRun";
import css from "./NewRun.module.css";

const Changes = lazy(() => import("./Changes").then(({ Changes }) => ({ default: Changes })));

interface Props {
  draft: Draft;
  change: (change: Partial<Draft>) => void;
}

// What the run is called and seeded with, and where its text comes from.
export function Bar({ draft, change }: Props) {
  const id = useId();
  const [open, setOpen] = useState<"runs" | "changes">();
  const file = useRef<HTMLInputElement>(null);
  const navigate = useNavigate({ from: "/new" });
  const toast = useToast();
  const { origin } = draft;
  const close = () => setOpen(undefined);
  const wrong = wrongSeed(draft.seed);
  return (
    <div className={css.bar}>
      <h1>New run</h1>
      <label className={css.small}>
        Name
        <input value={draft.name} placeholder="the workflow's" spellCheck={false} onChange={(event) => change({ name: event.target.value })} />
      </label>
      <span className={css.small}>
        <label htmlFor={id}>Seed</label>
        <input
          id={id}
          value={draft.seed}
          placeholder="the workflow's"
          inputMode="numeric"
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong && `${id}-wrong`}
          onChange={(event) => change({ seed: event.target.value })}
        />
        {wrong && (
          <span id={`${id}-wrong`} className={css.error}>
            {wrong}
          </span>
        )}
      </span>
      {origin && (
        <span className={css.small}>
          from{" "}
          <Link to="/runs/$run/graph" params={{ run: origin.run }}>
            {origin.run}
          </Link>
          <Button disabled={origin.text === draft.text} onClick={() => setOpen("changes")}>
            Changes…
          </Button>
          <IconButton icon="close" label={`No longer from ${origin.run}: relative paths are of the server's folder`} onClick={() => change({ origin: undefined })} />
        </span>
      )}
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
                (text) => change({ text, given: {}, origin: undefined }),
                (error: Error) => toast({ text: error.message, failed: true }),
              );
          }}
        />
        <Menu
          label="Begin with"
          items={[
            { id: "minimal", label: "A minimal workflow", choose: () => change(emptyDraft) },
            { id: "run", label: "The workflow of a run…", choose: () => setOpen("runs") },
          ]}
        />
      </span>
      {open === "runs" && (
        <FromRun
          onRun={(run) => {
            close();
            void navigate({ search: { like: run } });
          }}
          onClose={close}
        />
      )}
      {open === "changes" && origin && (
        <Suspense fallback={null}>
          <Changes run={origin.run} before={origin.text} after={draft.text} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
