import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { client, document, requestKey, tellSignedOut } from "@/api/client";
import { problemText } from "@/api/problem";
import type { TokenInfo } from "@/api/types";
import { signOut } from "@/app/session";
import { Button, CodeText, Dialog, DialogActions, Foreign, Loading, ProblemBox, ScrollRegion, Time, useCopy, useToast } from "@/design";
import { viewerWhy } from "../actions/allowed";
import css from "./System.module.css";

const tokensKey = ["tokens"];

// Who may ask the engine: tokens and sessions, a new one, an end to one.
export function Tokens({ role }: { role: string | undefined }) {
  const admin = role === "admin";
  const query = useQuery({
    queryKey: tokensKey,
    queryFn: async ({ signal }) => (await document(client.GET("/api/v1/tokens", { signal }))).tokens ?? [],
    enabled: admin,
    retry: false,
  });
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<TokenInfo>();
  return (
    <section className={css.section} aria-label="Tokens">
      <div className={css.title}>
        <h2>Tokens and sessions</h2>
        <Button disabled={!admin} onClick={() => setMaking(true)}>
          New token…
        </Button>
        <SignOut />
        {role === "viewer" && <span className="muted">{viewerWhy}</span>}
      </div>
      {admin && query.isPending && <Loading what="tokens" lines={3} />}
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.data && (
        <ScrollRegion label="Tokens and sessions" className={css.wide}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Whose</th>
                <th scope="col">Role</th>
                <th scope="col">Kind</th>
                <th scope="col">Made</th>
                <th scope="col">Last used</th>
                <th scope="col">Ends</th>
                <th scope="col">
                  <span className="visually-hidden">Revoke</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {query.data.map((token) => (
                <tr key={token.id}>
                  <th scope="row">
                    <Foreign text={token.label || token.id} />
                  </th>
                  <td>{token.role}</td>
                  <td>{token.kind}</td>
                  <td>{Date.parse(token.created_at) > 0 ? <Time at={token.created_at} /> : "with the state folder"}</td>
                  <td>
                    <Time at={token.last_used_at} />
                  </td>
                  <td>{token.expires_at ? <Time at={token.expires_at} /> : "never"}</td>
                  <td>
                    {token.id !== "admin" && (
                      <Button aria-label={`Revoke ${token.label || token.id}`} onClick={() => setEnding(token)}>
                        Revoke…
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {making && <NewToken onClose={() => setMaking(false)} />}
      {ending && <Revoke token={ending} onClose={() => setEnding(undefined)} />}
    </section>
  );
}

function SignOut() {
  const toast = useToast();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: tellSignedOut,
    onError: (error) => toast({ text: problemText(error).title, failed: true }),
  });
  return (
    <Button disabled={leave.isPending} onClick={() => leave.mutate()}>
      Sign out
    </Button>
  );
}

function NewToken({ onClose }: { onClose: () => void }) {
  const id = useId();
  const queries = useQueryClient();
  const copy = useCopy();
  const [label, setLabel] = useState("");
  const [role, setRole] = useState<"viewer" | "admin">("viewer");
  const [expires, setExpires] = useState("30d");
  const made = useMutation({
    mutationFn: () =>
      document(
        client.POST("/api/v1/tokens", {
          body: { role, ...(label.trim() && { label: label.trim() }), ...(expires.trim() && { expires: expires.trim() }) },
          headers: { "Idempotency-Key": requestKey() },
        }),
      ),
    onSuccess: () => void queries.invalidateQueries({ queryKey: tokensKey }),
  });
  if (made.data)
    return (
      <Dialog title="The token, this once" onClose={onClose}>
        <p>It is stored as a hash: nobody can show it again. Programs send it as Authorization: Bearer.</p>
        <CodeText label="Token" text={made.data.token} wrap />
        <DialogActions>
          <Button onClick={() => copy(made.data.token, "Token")}>Copy</Button>
          <Button kind="primary" onClick={onClose}>
            I have it
          </Button>
        </DialogActions>
      </Dialog>
    );
  return (
    <Dialog title="New token" onClose={onClose}>
      <div className={css.fields}>
        <label htmlFor={`${id}-label`}>Whose it is</label>
        <input id={`${id}-label`} value={label} autoComplete="off" onChange={(event) => setLabel(event.target.value)} />
        <label htmlFor={`${id}-role`}>Role</label>
        <select id={`${id}-role`} value={role} onChange={(event) => setRole(event.target.value === "admin" ? "admin" : "viewer")}>
          <option value="viewer">viewer: reads</option>
          <option value="admin">admin: also changes</option>
        </select>
        <label htmlFor={`${id}-expires`}>Good for</label>
        <input id={`${id}-expires`} value={expires} placeholder="for ever" autoComplete="off" onChange={(event) => setExpires(event.target.value)} />
      </div>
      {made.error && <ProblemBox problem={problemText(made.error)} />}
      <CodeText
        label="The same on the command line"
        text={`cairn token create --role ${role}${label.trim() ? ` --label '${label.trim().replaceAll("'", "'\\''")}'` : ""}${expires.trim() ? ` --expires ${expires.trim()}` : ""}`}
        wrap
      />
      <DialogActions>
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" disabled={made.isPending} onClick={() => made.mutate()}>
          Make it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function Revoke({ token, onClose }: { token: TokenInfo; onClose: () => void }) {
  const queries = useQueryClient();
  const toast = useToast();
  const name = token.label || token.id;
  const end = useMutation({
    mutationFn: () => client.DELETE("/api/v1/tokens/{id}", { params: { path: { id: token.id } } }),
    onSuccess: () => {
      toast({ text: `${name} revoked` });
      void queries.invalidateQueries({ queryKey: tokensKey });
      onClose();
    },
  });
  return (
    <Dialog title={`Revoke ${name}`} onClose={onClose}>
      <p>
        The {token.kind} and the sessions made from it end at once. Who uses it must sign in anew.
      </p>
      {end.error && <ProblemBox problem={problemText(end.error)} />}
      <CodeText label="The same on the command line" text={`cairn token revoke ${token.id}`} />
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" disabled={end.isPending} onClick={() => end.mutate()}>
          Revoke
        </Button>
      </DialogActions>
    </Dialog>
  );
}
