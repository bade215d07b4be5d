import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { artifactsQuery, contentUrl, lineageQuery, type At } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import type { ArtifactRow } from "@/api/types";
import type { ArtifactSearch } from "@/app/readingSearch";
import { Digest, Empty, Foreign, format, Icon, Loading, ProblemBox, Table, type Column } from "@/design";
import run_ from "../run/Run.module.css";
import { useRunId } from "../run/useRun";
import css from "./Artifacts.module.css";
import { ArtifactView } from "./ArtifactView";
import { readAt, writeAt } from "./place";

const columns: Column<ArtifactRow>[] = [
  { id: "task", header: "Stage", width: "minmax(7rem, 1.4fr)", cell: (row) => <Foreign text={row.task} /> },
  { id: "name", header: "Output", width: "minmax(6rem, 1fr)", cell: (row) => <Foreign text={row.name} /> },
  { id: "kind", header: "Kind", width: "7rem", from: 34, cell: (row) => <Foreign text={row.kind} /> },
  { id: "bytes", header: "Size", width: "5.5rem", end: true, cell: (row) => format.bytes(row.bytes) },
  { id: "cached", header: "Made", width: "6rem", from: 44, cell: (row) => (row.cached ? "reused" : "here") },
  { id: "digest", header: "Digest", width: "10rem", from: 54, cell: (row) => <Digest value={row.digest} /> },
  {
    id: "get",
    header: "",
    width: "6.5rem",
    from: 30,
    cell: (row) => (
      <a href={contentUrl(row.digest)} download aria-label={`Download ${row.task} ${row.name}`}>
        Download
      </a>
    ),
  },
];

// What the run's stages made; one of them with its files and records.
export function ArtifactsTab() {
  const run = useRunId();
  const { at } = useSearch({ from: "/runs/$run/artifacts" });
  const place = readAt(at);
  if (place)
    return (
      <>
        <nav className={css.crumbs} aria-label="Artifact">
          <Link to="/runs/$run/artifacts" params={{ run }} search={{}}>
            All artifacts
          </Link>
          <Icon name="right" />
          <b>
            <Foreign text={at ?? ""} />
          </b>
        </nav>
        <OneArtifact key={at} run={run} at={place} />
      </>
    );
  return <ArtifactList run={run} />;
}

function OneArtifact({ run, at }: { run: string; at: At }) {
  const search = useSearch({ from: "/runs/$run/artifacts" });
  const navigate = useNavigate({ from: "/runs/$run/artifacts" });
  const change = useCallback(
    (next: ArtifactSearch, replace = true) => void navigate({ search: (before) => ({ ...before, ...next }), replace }),
    [navigate],
  );
  const lineage = useQuery(lineageQuery(run, at));
  if (lineage.error) return <ProblemBox problem={problemText(lineage.error)} retry={() => void lineage.refetch()} />;
  if (lineage.isPending) return <Loading what="the artifact" lines={8} />;
  const { artifact } = lineage.data;
  return <ArtifactView digest={artifact.digest} kind={artifact.kind} run={run} tree={lineage.data} search={search} onChange={change} />;
}

function ArtifactList({ run }: { run: string }) {
  const navigate = useNavigate({ from: "/runs/$run/artifacts" });
  const query = useInfiniteQuery(artifactsQuery(run));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.artifacts) ?? [], [query.data]);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback(
    (row: ArtifactRow) => void navigate({ search: (before) => ({ stage: before.stage, at: writeAt({ task: row.task, output: row.name }) }) }),
    [navigate],
  );
  return (
    <div className={run_.fill}>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="artifacts" lines={12} />}
      {query.isSuccess && rows.length === 0 && <Empty title="Nothing made yet">A stage's outputs stand here once it has succeeded.</Empty>}
      {rows.length > 0 && (
        <Table
          label="Artifacts"
          columns={columns}
          rows={rows}
          rowKey={(row) => writeAt({ task: row.task, output: row.name })}
          onOpen={open}
          onEnd={more}
          foot={hasNextPage ? `${rows.length.toLocaleString("en")} of more artifacts` : `${rows.length.toLocaleString("en")} artifacts`}
        />
      )}
    </div>
  );
}
