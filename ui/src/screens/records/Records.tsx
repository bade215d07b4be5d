import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { artifactQuery, contentUrl, recordsQuery, runArtifactsQuery, type RecordItem } from "@/api/reading";
import type { RecordsSearch } from "@/app/readingSearch";
import { buttonClass, clsx, Digest, Empty, Foreign, format, Loading, ProblemBox, Table, type Column } from "@/design";
import { Finder } from "../run/Finder";
import bars from "../run/Reading.module.css";
import css from "../run/Run.module.css";
import { StagePicker } from "../run/StagePicker";
import { Toggle } from "../run/Toggle";
import { membersOf, summaryOf, textIn, type Raw } from "./qa";
import { RecordDrawer } from "./RecordDrawer";
import own from "./Records.module.css";
import { Where } from "./Where";

const jsonLines = /\.jsonl$/;

// What lies in an artifact of JSON Lines: questions, documents, scores, rows of any kind.
export function Records() {
  const { digest } = useParams({ from: "/records/$digest" });
  const search = useSearch({ from: "/records/$digest" });
  const navigate = useNavigate({ from: "/records/$digest" });
  const info = useQuery(artifactQuery(digest));
  const change = useCallback(
    (next: Partial<RecordsSearch>, replace = true) => void navigate({ search: (before) => ({ ...before, ...next }), replace }),
    [navigate],
  );
  if (info.error) return <ProblemBox problem={problemText(info.error)} retry={() => void info.refetch()} />;
  if (!info.data) return <Loading what="the artifact" />;
  const files = (info.data.files ?? []).map((file) => file.name);
  const file = info.data.folder ? (search.file ?? files.find((name) => jsonLines.test(name)) ?? files[0]) : undefined;
  return (
    <div className={css.page}>
      <Head digest={digest} file={file} search={search} />
      {info.data.folder && (
        <div className={bars.bars}>
          <StagePicker label="File" stages={files} stage={file} onStage={(name) => change({ file: name, record: undefined })} />
        </div>
      )}
      {info.data.folder && file === undefined ? (
        <Empty title="The folder is empty" />
      ) : (
        <Listed key={`${digest} ${file}`} digest={digest} file={file} search={search} onChange={change} />
      )}
    </div>
  );
}

function Head({ digest, file, search }: { digest: string; file: string | undefined; search: RecordsSearch }) {
  const artifacts = useQuery({ ...runArtifactsQuery(search.run ?? ""), enabled: search.run !== undefined });
  const known = artifacts.data?.artifacts?.find((one) => one.digest === digest);
  return (
    <div className={css.head} style={{ paddingBlockEnd: "var(--s3)" }}>
      <div className={css.title}>
        <h1>
          {known ? (
            <>
              <Foreign text={known.task} /> / <Foreign text={known.name} />
            </>
          ) : (
            "Artifact"
          )}
        </h1>
        <Digest value={digest} />
        <a className={clsx(buttonClass(), css.actions)} href={contentUrl(digest, file)} download>
          Download
        </a>
      </div>
      <div className={css.facts}>
        {known && <span>{known.kind}</span>}
        {known && <span>{format.bytes(known.bytes)}</span>}
        {search.run && (
          <span>
            of run{" "}
            <Link to="/runs/$run/graph" params={{ run: search.run }} search={{ stage: known?.task }}>
              {search.run}
            </Link>
          </span>
        )}
      </div>
    </div>
  );
}

interface ListedProps {
  digest: string;
  file: string | undefined;
  search: RecordsSearch;
  onChange: (next: Partial<RecordsSearch>, replace?: boolean) => void;
}

function columnsOf(records: readonly Raw[], questions: boolean): Column<RecordItem>[] {
  const number: Column<RecordItem> = {
    id: "number",
    header: "No.",
    width: "5rem",
    end: true,
    from: 26,
    cell: (item) => item.number?.toLocaleString("en") ?? "·",
  };
  const wrong = (item: RecordItem) => (item.error ? <span className={own.wrong}>{item.error}</span> : undefined);
  if (questions) {
    return [
      number,
      { id: "id", header: "Id", width: "minmax(7rem, 1fr)", from: 40, cell: (item) => <Foreign text={textIn(item.record, "id") ?? ""} /> },
      { id: "task", header: "Task", width: "7rem", from: 52, cell: (item) => <Foreign text={textIn(item.record, "task") ?? textIn(item.record, "domain") ?? ""} /> },
      { id: "text", header: "Says", width: "minmax(9rem, 3fr)", cell: (item) => wrong(item) ?? <Foreign text={summaryOf(item.record ?? {})} /> },
    ];
  }
  const members = membersOf(records, 7);
  return [
    number,
    ...members.map(
      (name, at): Column<RecordItem> => ({
        id: name,
        header: <Foreign text={name} />,
        width: name === "id" || name === "text" ? "minmax(8rem, 2fr)" : "minmax(5rem, 1fr)",
        from: at < 2 ? 0 : 20 + at * 8,
        cell: (item) => {
          const value = item.record?.[name];
          if (at === 0 && item.error) return wrong(item);
          if (typeof value === "number") return format.number(value);
          return value === undefined || value === null ? "" : <Foreign text={String(value)} />;
        },
      }),
    ),
    ...(members.length === 0
      ? [{ id: "text", header: "Says", width: "minmax(9rem, 1fr)", cell: (item: RecordItem) => wrong(item) ?? <Foreign text={summaryOf(item.record ?? {})} /> }]
      : []),
  ];
}

function Listed({ digest, file, search, onChange }: ListedProps) {
  const { q, regex, where, id, number } = search;
  const text = JSON.stringify({ file, q, ...(q && regex && { regex }), where, id, number });
  const filter = useMemo(() => JSON.parse(text) as { file?: string }, [text]);
  const query = useInfiniteQuery({
    ...recordsQuery(digest, filter),
    refetchInterval: ({ state }) => (state.data?.pages.at(-1)?.counting ? 400 : false),
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.records ?? []) ?? [], [query.data]);
  const shape = rows.slice(0, 50);
  const questions = shape.some((row) => typeof row.record?.question === "string" || typeof row.record?.title === "string");
  const key = membersOf(shape.map((row) => row.record ?? {}), 7).join("\n");
  // Another column is drawn only where records have other members.
  const columns = useMemo(() => columnsOf(shape.map((row) => row.record ?? {}), questions), [key, questions]); // eslint-disable-line react-hooks/exhaustive-deps
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const last = query.data?.pages.at(-1);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  const open = useCallback((item: RecordItem) => onChange({ record: item.offset }, false), [onChange]);
  const only = id !== undefined || number !== undefined;
  const opened = search.record ?? (only ? rows[0]?.offset : undefined);
  const empty = query.isSuccess && rows.length === 0 && !last?.counting;
  return (
    <>
      <div className={bars.bars}>
        <Finder label="Search records" value={q ?? ""} onSearch={(words) => onChange({ q: words || undefined, id: undefined, number: undefined, record: undefined })} />
        <Toggle on={regex === true} onChange={(on) => onChange({ regex: on || undefined })}>
          Regex
        </Toggle>
        <Where where={where ?? []} onWhere={(next) => onChange({ where: next.length > 0 ? next : undefined, id: undefined, number: undefined, record: undefined })} />
        {only && (
          <button type="button" className={buttonClass()} onClick={() => onChange({ id: undefined, number: undefined, record: opened })}>
            All records
          </button>
        )}
        <span className="muted" role="status">
          {typeof last?.lines === "number" ? `${last.lines.toLocaleString("en")} records` : last?.counting ? "counting records" : ""}
          {last && hasNextPage && (q || where) && `, ${Math.floor((last.searched / Math.max(1, last.size)) * 100)} % searched`}
          {last?.undecided ? `, ${last.undecided} too costly for the pattern` : ""}
        </span>
      </div>
      <div className={clsx(css.body, opened !== undefined && own.withRecord)}>
        <div className={clsx(css.tab, opened !== undefined && own.list)}>
          <div className={css.fill}>
            {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
            {query.isPending && <Loading what="records" lines={12} />}
            {empty && hasNextPage && <GoOn more={more} />}
            {empty && !hasNextPage && <Empty title="No record matches" />}
            {rows.length > 0 && (
              <Table
                label="Records"
                columns={columns}
                rows={rows}
                rowKey={(row) => String(row.offset)}
                chosen={opened === undefined ? undefined : String(opened)}
                onOpen={open}
                onEnd={more}
              />
            )}
          </div>
        </div>
        {opened !== undefined && (
          <RecordDrawer
            digest={digest}
            file={file}
            offset={opened}
            run={search.run}
            onClose={() => onChange({ record: undefined, id: undefined, number: undefined }, false)}
          />
        )}
      </div>
    </>
  );
}

// Nothing found so far, and the server's budget for one answer is spent.
function GoOn({ more }: { more: () => void }) {
  return (
    <Empty title="Nothing found so far">
      <button type="button" className={buttonClass()} onClick={more}>
        Search on
      </button>
    </Empty>
  );
}
