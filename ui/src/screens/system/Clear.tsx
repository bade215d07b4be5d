import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { client, document, requestKey } from "@/api/client";
import { problemText } from "@/api/problem";
import type { GarbagePlan } from "@/api/types";
import { Button, CodeText, Dialog, DialogActions, Digest, Foreign, format, Loading, ProblemBox, ScrollRegion, useToast } from "@/design";
import { viewerWhy } from "../actions/allowed";
import css from "./System.module.css";

const mostRows = 300;

// "100Gi", "5 GB", "1000": bytes; undefined where it is none.
export function readSize(text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B?\s*$/.exec(text);
  if (!found) return undefined;
  const power = ["", "k", "m", "g", "t"].indexOf((found[2] ?? "").toLowerCase());
  return Math.round(Number(found[1]) * (found[3] ? 1024 : 1000) ** power);
}

// What of the store nothing needs: shown first, then cleared.
export function Clear({ role }: { role: string | undefined }) {
  const id = useId();
  const [quota, setQuota] = useState("");
  const [asking, setAsking] = useState(false);
  const bytes = readSize(quota);
  const wrong = quota.trim() !== "" && bytes === undefined;
  const body = bytes === undefined ? {} : { quota_bytes: bytes };
  const plan = useMutation({
    mutationFn: () => document<GarbagePlan>(client.POST("/api/v1/artifacts/gc", { body: { ...body, dry_run: true } })),
  });
  return (
    <section className={css.section} aria-label="Store">
      <div className={css.title}>
        <h2>Clear the store</h2>
        <label htmlFor={id}>Artifacts may take</label>
        <input
          id={id}
          className={css.short}
          value={quota}
          placeholder="as configured"
          aria-invalid={wrong}
          onChange={(event) => {
            setQuota(event.target.value);
            plan.reset();
          }}
        />
        <Button disabled={role !== "admin" || wrong || plan.isPending} onClick={() => plan.mutate()}>
          Show what would go
        </Button>
        {role === "viewer" && <span className="muted">{viewerWhy}</span>}
        {wrong && <span className={css.wrong}>no size such as 100Gi</span>}
      </div>
      {plan.isPending && <Loading what="the plan" lines={3} />}
      {plan.error && <ProblemBox problem={problemText(plan.error)} />}
      {plan.data && <Plan plan={plan.data} onDo={() => setAsking(true)} />}
      {asking && plan.data && (
        <Confirm
          plan={plan.data}
          body={body}
          quota={quota.trim()}
          onClose={(done) => {
            setAsking(false);
            if (done) plan.reset();
          }}
        />
      )}
    </section>
  );
}

function Plan({ plan, onDo }: { plan: GarbagePlan; onDo: () => void }) {
  const rows = plan.artifacts ?? [];
  if (rows.length === 0) return <p className="muted">Nothing would go: all {format.bytes(plan.kept_bytes)} are needed.</p>;
  return (
    <>
      <p>
        {rows.length.toLocaleString("en")} artifacts would go, which frees {format.bytes(plan.freed_bytes)}; {format.bytes(plan.kept_bytes)} stay.{" "}
        <Button kind="danger" onClick={onDo}>
          Clear…
        </Button>
      </p>
      <ScrollRegion label="What would go" className={css.wide}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">Artifact</th>
              <th scope="col">Size</th>
              <th scope="col">Because</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, mostRows).map((row) => (
              <tr key={row.digest}>
                <th scope="row">
                  <Digest value={row.digest} />
                </th>
                <td>{format.bytes(row.bytes)}</td>
                <td>
                  <Foreign text={row.because} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      {rows.length > mostRows && <p className="muted">The first {mostRows} of them.</p>}
    </>
  );
}

interface ConfirmProps {
  plan: GarbagePlan;
  body: { quota_bytes?: number };
  quota: string;
  onClose: (done: boolean) => void;
}

function Confirm({ plan, body, quota, onClose }: ConfirmProps) {
  const toast = useToast();
  const queries = useQueryClient();
  const clear = useMutation({
    mutationFn: () =>
      document<GarbagePlan>(client.POST("/api/v1/artifacts/gc", { body: { ...body, dry_run: false }, headers: { "Idempotency-Key": requestKey() } })),
    onSuccess: (done) => {
      toast({ text: `${format.bytes(done.freed_bytes)} freed` });
      void queries.invalidateQueries({ queryKey: ["live", "system"] });
      onClose(true);
    },
  });
  return (
    <Dialog title="Clear the store" onClose={() => onClose(false)}>
      <p>
        {(plan.artifacts ?? []).length.toLocaleString("en")} artifacts go for good, {format.bytes(plan.freed_bytes)} in all. Nothing that a run
        needs is among them; what comes to be needed meanwhile stays.
      </p>
      {clear.error && <ProblemBox problem={problemText(clear.error)} />}
      <CodeText label="The same on the command line" text={`cairn artifacts gc${quota ? ` --quota ${quota.replace(/\s/g, "")}` : ""}`} />
      <DialogActions>
        <Button onClick={() => onClose(false)}>Not now</Button>
        <Button kind="danger" disabled={clear.isPending} onClick={() => clear.mutate()}>
          Clear
        </Button>
      </DialogActions>
    </Dialog>
  );
}
