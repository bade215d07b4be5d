import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { problemText } from "@/api/problem";
import { contentUrl, recordQuery, runArtifactsQuery } from "@/api/reading";
import { CodeText, Drawer, Facts, Foreign, format, Loading, ProblemBox } from "@/design";
import { Choice } from "../run/Toggle";
import { markedText, questionOf, textIn, type Raw, type SourceDocument } from "./qa";
import own from "./Records.module.css";

interface Props {
  digest: string;
  file: string | undefined;
  offset: number;
  run: string | undefined;
  onClose: () => void;
}

// One record, whole.
export function RecordDrawer({ digest, file, offset, run, onClose }: Props) {
  const { data, error, isPending, refetch } = useQuery(recordQuery(digest, file, offset));
  const [view, setView] = useState<"read" | "json">("read");
  const record = data?.record as Raw | undefined;
  return (
    <Drawer title={<Foreign text={textIn(record, "id") ?? `Record ${data?.number ?? ""}`} />} label="Record" onClose={onClose}>
      {isPending && <Loading what="the record" />}
      {error && <ProblemBox problem={problemText(error)} retry={() => void refetch()} />}
      {data?.error && (
        <>
          <ProblemBox problem={{ title: data.error, hint: "Download the artifact to see the line as it is." }} />
          {data.bytes !== undefined && (
            <p>
              The line has {format.bytes(data.bytes)}. <a href={contentUrl(digest, file)}>Download the artifact</a>
            </p>
          )}
        </>
      )}
      {record && (
        <>
          <Choice
            label="View"
            options={[
              ["read", "Read"],
              ["json", "JSON"],
            ]}
            value={view}
            onChange={setView}
          />
          {view === "json" ? (
            <CodeText label="The record as JSON" text={JSON.stringify(record, null, 2)} wrap />
          ) : textIn(record, "question") !== undefined ? (
            <QuestionView record={record} run={run} />
          ) : (
            <Plain record={record} />
          )}
          {(data?.cut?.length ?? 0) > 0 && <p className="muted">Long members are cut here; the download has all of them.</p>}
        </>
      )}
    </Drawer>
  );
}

function QuestionView({ record, run }: { record: Raw; run: string | undefined }) {
  const sample = useMemo(() => questionOf(record), [record]);
  return (
    <>
      <section className={own.section}>
        <h3>Question</h3>
        <p className={own.text}>
          <Foreign text={sample.question} />
        </p>
        {sample.instruction && (
          <p className="muted">
            <Foreign text={sample.instruction} />
          </p>
        )}
      </section>
      <section className={own.section}>
        <h3>Answer</h3>
        <p className={own.text}>
          <Foreign text={sample.answers.join(" · ")} />
        </p>
        {sample.choices.length > 0 && (
          <ul className={own.choices}>
            {sample.choices.map((choice, at) => (
              <li key={at}>
                <Foreign text={choice} />
                {sample.answers.includes(choice) && <b> ✓</b>}
              </li>
            ))}
          </ul>
        )}
      </section>
      {sample.chain.length > 0 && <Path chain={sample.chain} run={run} />}
      {sample.sql && (
        <section className={own.section}>
          <h3>Query</h3>
          <CodeText label="SQL that gives the answer" text={sample.sql} wrap />
          {sample.parameters.length > 0 && <Facts facts={sample.parameters.map((value, at) => [`?${at + 1}`, <Foreign key={at} text={value} />] as const)} />}
        </section>
      )}
      <section className={own.section}>
        <h3>
          {sample.documents.length} documents, {sample.documents.filter((document) => document.role === "evidence").length} of them evidence
        </h3>
        {sample.documents.map((document) => (
          <DocumentView key={`${document.position} ${document.id}`} document={document} run={run} />
        ))}
      </section>
      {sample.sources.length > 0 && (
        <section className={own.section}>
          <h3>Made from</h3>
          <ul>
            {sample.sources.map((id) => (
              <li key={id}>
                <SourceLink id={id} run={run} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Rest record={record} />
    </>
  );
}

// The path through the graph of facts that leads to the answer.
function Path({ chain, run }: { chain: ReturnType<typeof questionOf>["chain"]; run: string | undefined }) {
  return (
    <section className={own.section}>
      <h3>Path</h3>
      <ol className={own.path}>
        {chain.map((hop, at) => (
          <li key={at}>
            <b>
              <Foreign text={hop.subject} />
            </b>{" "}
            <span className="muted">
              — <Foreign text={hop.relation} /> →
            </span>{" "}
            <b>
              <Foreign text={hop.object} />
            </b>
            {hop.document && (
              <div>
                <SourceLink id={hop.document} run={run} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function DocumentView({ document, run }: { document: SourceDocument; run: string | undefined }) {
  const evidence = document.role === "evidence";
  return (
    <details className={own.document} open={evidence}>
      <summary>
        <span className={evidence ? own.evidence : own.distractor}>{evidence ? "evidence" : document.role || "document"}</span>{" "}
        <span className="muted">{document.position + 1}</span> <Foreign text={document.title} />
      </summary>
      <p className={own.text}>
        {markedText(document.text, document.spans).map((part, at) =>
          part.marked ? (
            <mark key={at} className={own.mark}>
              <Foreign text={part.text} />
            </mark>
          ) : (
            <Foreign key={at} text={part.text} />
          ),
        )}
      </p>
      <SourceLink id={document.id} run={run} />
    </details>
  );
}

// To the document in the run's artifact of documents.
function SourceLink({ id, run }: { id: string; run: string | undefined }) {
  const { data } = useQuery({ ...runArtifactsQuery(run ?? ""), enabled: run !== undefined });
  const documents = data?.artifacts?.find((artifact) => artifact.kind === "documents");
  if (!documents || id === "") return <code><Foreign text={id} /></code>;
  return (
    <Link to="/records/$digest" params={{ digest: documents.digest }} search={{ run, kind: "documents", id }} className={own.source}>
      <Foreign text={id} />
    </Link>
  );
}

const shownApart = new Set(["id", "question", "answer", "choices", "documents", "format_instruction", "provenance"]);

function Rest({ record }: { record: Raw }) {
  const facts = Object.entries(record).filter(([name]) => !shownApart.has(name));
  const provenance = record.provenance as Raw | undefined;
  return (
    <section className={own.section}>
      <h3>More</h3>
      <Facts facts={facts.map(([name, value]) => [name, <Value key={name} value={value} />] as const)} />
      {provenance && (
        <details className={own.document}>
          <summary>Provenance</summary>
          <CodeText label="Provenance" text={JSON.stringify(provenance, null, 2)} wrap />
        </details>
      )}
    </section>
  );
}

function Value({ value }: { value: unknown }) {
  if (typeof value === "number") return <>{String(value)}</>;
  return <Foreign text={typeof value === "string" ? value : JSON.stringify(value)} />;
}

// A document, a score, a row of any kind: its members, long texts at the end.
function Plain({ record }: { record: Raw }) {
  const long = (value: unknown) => typeof value === "string" && (value.length > 120 || value.includes("\n"));
  const entries = Object.entries(record);
  return (
    <>
      <Facts facts={entries.filter(([, value]) => !long(value)).map(([name, value]) => [name, <Value key={name} value={value} />] as const)} />
      {entries
        .filter(([, value]) => long(value))
        .map(([name, value]) => (
          <section key={name} className={own.section}>
            <h3>
              <Foreign text={name} />
            </h3>
            <CodeText label={name} text={String(value)} wrap />
          </section>
        ))}
    </>
  );
}
