import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { contentUrl, filesQuery } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import type { LineageTree } from "@/api/types";
import type { ArtifactSearch } from "@/app/readingSearch";
import { buttonClass, clsx, Digest, Empty, Foreign, format, Loading, ProblemBox } from "@/design";
import { RecordDrawer } from "../records/RecordDrawer";
import { RecordList } from "../records/RecordList";
import run_ from "../run/Run.module.css";
import { Choice } from "../run/Toggle";
import css from "./Artifacts.module.css";
import { Bytes, Preview } from "./Bytes";
import { Files } from "./Files";
import { writeAt } from "./place";
import { Tensors } from "./Tensors";
import { tellingFile, viewNames, viewsOf, type View } from "./views";

interface Props {
  digest: string;
  kind: string | undefined;
  run: string | undefined; // that it is looked at in
  tree: LineageTree | undefined; // of the artifact, where its run is known
  search: ArtifactSearch;
  onChange: (next: ArtifactSearch, replace?: boolean) => void;
}

const noRecord: ArtifactSearch = { record: undefined, id: undefined, number: undefined };

// One artifact: what it is and who made it, its files, what is in them, one of its records.
export function ArtifactView({ digest, kind, run, tree, search, onChange }: Props) {
  const query = useInfiniteQuery(filesQuery(digest));
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const more = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);
  const files = useMemo(() => query.data?.pages.flatMap((page) => page.files) ?? [], [query.data]);
  if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  const first = query.data?.pages[0];
  if (!first) return <Loading what="the artifact" lines={8} />;
  const { folder } = first;
  const file = folder ? (search.file ?? tellingFile(files)) : undefined;
  const bytes = files.find((one) => one.name === (file ?? ""))?.bytes;
  const views = viewsOf(file ?? "", kind);
  const view = views.find((one) => one === search.as) ?? views[0] ?? "bytes";
  const { record, id, number } = search;
  const opened = record !== undefined || id !== undefined || number !== undefined;
  const several = folder && (files.length > 1 || hasNextPage);
  return (
    <div className={css.view}>
      <Head digest={digest} kind={kind} run={run} tree={tree} files={files} more={hasNextPage} folder={folder} file={file} />
      {folder && files.length === 0 ? (
        <Empty title="The folder is empty" />
      ) : (
        <div className={clsx(css.body, several && css.withFiles, opened && css.withRecord)}>
          {several && (
            <Files
              digest={digest}
              files={files}
              shown={file}
              more={hasNextPage ? more : undefined}
              aside={opened}
              onFile={(name) => onChange({ ...noRecord, file: name, as: undefined, q: undefined, where: undefined }, false)}
            />
          )}
          <section className={clsx(run_.tab, opened && css.behind)} aria-label={file ?? "Content"}>
            {views.length > 1 && (
              <div className={css.views}>
                {file !== undefined && (
                  <b className={css.name}>
                    <Foreign text={file} />
                  </b>
                )}
                <Choice label="Look at it as" options={views.map((one) => [one, viewNames[one]] as const)} value={view} onChange={(as) => onChange({ ...noRecord, as: as === views[0] ? undefined : as })} />
              </div>
            )}
            <Content key={`${file} ${view}`} view={view} digest={digest} kind={kind} file={file} bytes={bytes} search={search} onChange={onChange} />
          </section>
          {opened && <RecordDrawer digest={digest} file={file} which={{ record, id, number }} run={run} tree={tree} onClose={() => onChange(noRecord, false)} />}
        </div>
      )}
    </div>
  );
}

interface ContentProps extends Pick<Props, "digest" | "kind" | "search" | "onChange"> {
  view: View;
  file: string | undefined;
  bytes: number | undefined; // unknown where the file is on no page that is loaded yet
}

function Content({ view, digest, kind, file, bytes = Infinity, search, onChange }: ContentProps) {
  if (view === "records") return <RecordList digest={digest} file={file} search={search} onChange={onChange} />;
  if (view === "tensors") return <Tensors digest={digest} file={file} bytes={bytes} />;
  if (view === "preview" && kind !== undefined) return <Preview digest={digest} kind={kind} bytes={bytes} />;
  return <Bytes digest={digest} file={file} bytes={bytes} />;
}

interface HeadProps extends Pick<Props, "digest" | "kind" | "run" | "tree"> {
  files: readonly { bytes: number }[];
  more: boolean;
  folder: boolean;
  file: string | undefined;
}

function Head({ digest, kind, run, tree, files, more, folder, file }: HeadProps) {
  const bytes = files.reduce((sum, one) => sum + one.bytes, 0);
  const made = tree?.artifact;
  const count = `${files.length.toLocaleString("en")}${more ? "+" : ""} ${files.length === 1 ? "file" : "files"}`;
  return (
    <div className={css.head}>
      <div className={css.facts}>
        {kind !== undefined && (
          <b>
            <Foreign text={kind} />
          </b>
        )}
        <span>
          {format.bytes(bytes)}
          {more ? " and more" : ""}
          {folder ? `, ${count}` : ""}
        </span>
        {made !== undefined && run !== undefined && (
          <span>
            made by{" "}
            <Link to="/runs/$run/graph" params={{ run }} search={{ stage: made.task }}>
              <Foreign text={made.task} />
            </Link>{" "}
            in run{" "}
            <Link to="/runs/$run" params={{ run }}>
              {run}
            </Link>
          </span>
        )}
        {made?.reused_from !== undefined && (
          <span>
            reused from <Origin text={made.reused_from} output={made.output} />
          </span>
        )}
        <Digest value={digest} />
      </div>
      <span className={css.tools}>
        {made && run !== undefined && (
          <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(made) }} className={buttonClass()}>
            Lineage
          </Link>
        )}
        {made?.kind === "rollouts" && run !== undefined && (
          <Link to="/runs/$run/rollouts" params={{ run }} search={{ of: made.task }} className={buttonClass()}>
            Rollouts
          </Link>
        )}
        {made?.kind === "report" && folder && run !== undefined && (
          <Link to="/runs/$run/report" params={{ run }} search={{ at: writeAt(made) }} className={buttonClass()}>
            Report
          </Link>
        )}
        <a href={contentUrl(digest, file)} download className={buttonClass()}>
          Download{folder ? " the file" : ""}
        </a>
      </span>
    </div>
  );
}

// "RUN/TASK": where it was really made.
export function Origin({ text, output }: { text: string; output: string }) {
  const slash = text.indexOf("/");
  if (slash < 0) return <Foreign text={text} />;
  return (
    <Link to="/runs/$run/artifacts" params={{ run: text.slice(0, slash) }} search={{ at: writeAt({ task: text.slice(slash + 1), output }) }}>
      <Foreign text={text} />
    </Link>
  );
}
