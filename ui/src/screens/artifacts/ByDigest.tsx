import { Navigate, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { ArtifactSearch } from "@/app/readingSearch";
import { Digest, Loading } from "@/design";
import run_ from "../run/Run.module.css";
import { ArtifactView } from "./ArtifactView";
import { writeAt } from "./place";
import { useAllArtifacts } from "./useAllArtifacts";

// An artifact by its digest alone. Where a run is named that made it, its tab of artifacts has it.
export function ByDigest() {
  const { digest } = useParams({ from: "/records/$digest" });
  const { run, kind, ...search } = useSearch({ from: "/records/$digest" });
  const navigate = useNavigate({ from: "/records/$digest" });
  const { rows, pending } = useAllArtifacts(run ?? "", run !== undefined);
  const change = useCallback(
    (next: ArtifactSearch, replace = true) => void navigate({ search: (before) => ({ ...before, ...next }), replace }),
    [navigate],
  );
  const made = rows.find((row) => row.digest === digest);
  if (run !== undefined && made)
    return <Navigate to="/runs/$run/artifacts" params={{ run }} search={{ ...search, at: writeAt({ task: made.task, output: made.name }) }} replace />;
  if (pending) return <Loading what="the artifact" lines={8} />;
  return (
    <div className={run_.page}>
      <div className={run_.head}>
        <div className={run_.title}>
          <h1>Artifact</h1>
          <Digest value={digest} />
        </div>
      </div>
      <ArtifactView digest={digest} kind={kind} run={run} tree={undefined} search={search} onChange={change} />
    </div>
  );
}
