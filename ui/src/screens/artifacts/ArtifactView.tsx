import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { problemText } from "@/api/problem";
import type { LineageTree } from "@/api/types";
import { buttonClass, CodeText, Digest, Facts, Foreign, format, Loading, ProblemBox } from "@/design";
import run_ from "../run/Run.module.css";
import css from "./Artifacts.module.css";
import { writeAt, type At } from "./place";
import { artifactQuery, contentUrl, lineageQuery, previewQuery } from "./queries";
import { RecordList } from "./RecordList";
import { RecordView } from "./RecordView";

// One artifact: what it is, its files, its records or one of them.
export function ArtifactView({ run, at }: { run: string; at: At }) {
  const lineage = useQuery(lineageQuery(run, at));
  if (lineage.error) return <ProblemBox problem={problemText(lineage.error)} retry={() => void lineage.refetch()} />;
  if (lineage.isPending) return <Loading what="the artifact" lines={8} />;
  return <Known run={run} at={at} tree={lineage.data} />;
}

function Known({ run, at, tree }: { run: string; at: At; tree: LineageTree }) {
  const search = useSearch({ from: "/runs/$run/artifacts" });
  const { artifact } = tree;
  const info = useQuery(artifactQuery(artifact.digest));
  const files = info.data?.files ?? [];
  const file = search.file ?? (info.data?.folder ? firstRecords(files) : undefined);
  const one = search.id !== undefined || search.number !== undefined;
  if (one && info.data) return <RecordView run={run} tree={tree} file={file} id={search.id} number={search.number} />;
  const bytes = files.reduce((sum, item) => sum + item.bytes, 0);
  const isRecords = info.data && (info.data.folder ? file?.endsWith(".jsonl") : recordKinds.has(artifact.kind));
  return (
    <div className={css.view}>
      <div className={css.head}>
        <Facts
          facts={[
            ["Kind", <Foreign key="kind" text={artifact.kind} />],
            info.data !== undefined && ["Size", `${format.bytes(bytes)}${info.data.folder ? ` in ${files.length.toLocaleString("en")} files` : ""}`],
            ["Digest", <Digest key="digest" value={artifact.digest} />],
            artifact.reused_from !== undefined && ["Reused from", <Foreign key="from" text={artifact.reused_from} />],
          ]}
        />
        <span className={css.tools}>
          <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(at) }} className={buttonClass()}>
            Lineage
          </Link>
          <a href={contentUrl(artifact.digest, info.data?.folder ? file : undefined)} download className={buttonClass()}>
            Download {info.data?.folder && file ? file : ""}
          </a>
        </span>
      </div>
      {info.data?.folder && <Files run={run} digest={artifact.digest} files={files} shown={file} />}
      {info.error && <ProblemBox problem={problemText(info.error)} retry={() => void info.refetch()} />}
      {isRecords === true && <RecordList digest={artifact.digest} file={info.data?.folder ? file : undefined} />}
      {isRecords === false && <Preview digest={artifact.digest} kind={artifact.kind} />}
    </div>
  );
}

const recordKinds = new Set(["qa", "scores", "documents", "table", "rollouts", "predictions"]);

function firstRecords(files: readonly { name: string }[]): string | undefined {
  return (files.find((file) => file.name.endsWith(".jsonl")) ?? files[0])?.name;
}

interface FilesProps {
  run: string;
  digest: string;
  files: readonly { name: string; bytes: number }[];
  shown: string | undefined;
}

function Files({ digest, files, shown }: FilesProps) {
  const navigate = useNavigate({ from: "/runs/$run/artifacts" });
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.files} tabIndex={0} role="region" aria-label="Files">
      <ul>
        {files.map((file) => (
          <li key={file.name} className={css.file}>
            <button
              type="button"
              className={css.pick}
              aria-current={file.name === shown}
              onClick={() => void navigate({ search: (before) => ({ stage: before.stage, at: before.at, file: file.name }) })}
            >
              <Foreign text={file.name} />
            </button>
            <span className="muted">{format.bytes(file.bytes)}</span>
            <a href={contentUrl(digest, file.name)} download aria-label={`Download ${file.name}`}>
              Download
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Preview({ digest, kind }: { digest: string; kind: string }) {
  const query = useQuery(previewQuery(digest, kind));
  if (query.isPending) return <Loading what="the preview" />;
  if (query.error) return <p className={css.none}>There is no preview of this kind. Download it to look inside.</p>;
  const { columns = [], rows = [], text, more } = query.data;
  return (
    <section className={run_.scroll} aria-label="Preview">
      {text !== undefined && text !== "" && <CodeText label="Preview" text={text} />}
      {columns.length > 0 && (
        <table className={css.table}>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col">
                  <Foreign text={name} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {row.map((cell: unknown, column) => (
                  <td key={column}>
                    <Foreign text={typeof cell === "string" ? cell : (JSON.stringify(cell) ?? "")} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more && <p className="muted">There is more of it: download it to see all.</p>}
    </section>
  );
}
