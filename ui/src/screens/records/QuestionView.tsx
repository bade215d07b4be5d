import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { CodeText, Facts, Foreign } from "@/design";
import { LongText } from "./LongText";
import { Members } from "./Members";
import { markedText, questionOf, type Raw, type SourceDocument } from "./qa";
import own from "./Records.module.css";

// Where the documents are that a question was made from.
export interface Corpus {
  run: string;
  at: string;
}

// A question with its answer, the path through the graph or the query that gives it, its evidence and distractors.
export function QuestionView({ record, corpus }: { record: Raw; corpus: Corpus | undefined }) {
  const sample = useMemo(() => questionOf(record), [record]);
  const evidence = sample.documents.filter((document) => document.role === "evidence").length;
  return (
    <>
      <section className={own.section}>
        <h3>Question</h3>
        <LongText text={sample.question} />
        {sample.instruction && (
          <p className="muted">
            <Foreign text={sample.instruction} />
          </p>
        )}
      </section>
      <section className={own.section}>
        <h3>Answer</h3>
        <LongText text={sample.answers.join(" · ")} />
        {sample.choices.length > 0 && (
          <ul className={own.choices}>
            {sample.choices.map((choice, at) => (
              <li key={at}>
                <Foreign text={choice} />
                {sample.answers.includes(choice) && (
                  <b>
                    {" "}
                    ✓<span className="visually-hidden"> right</span>
                  </b>
                )}
              </li>
            ))}
          </ul>
        )}
      </section>
      {sample.chain.length > 0 && <Path chain={sample.chain} corpus={corpus} />}
      {sample.sql && (
        <section className={own.section}>
          <h3>Query</h3>
          <CodeText label="SQL that gives the answer" text={sample.sql} wrap />
          {sample.parameters.length > 0 && <Facts facts={sample.parameters.map((value, at) => [`?${at + 1}`, <Foreign key={at} text={value} />] as const)} />}
        </section>
      )}
      {sample.documents.length > 0 && (
        <section className={own.section}>
          <h3>
            {sample.documents.length} {sample.documents.length === 1 ? "document" : "documents"}, {evidence} of {sample.documents.length === 1 ? "it" : "them"} evidence
          </h3>
          {sample.documents.map((document) => (
            <DocumentView key={`${document.position} ${document.id}`} document={document} corpus={sample.sources.length === 0 || sample.sources.includes(document.id) ? corpus : undefined} />
          ))}
        </section>
      )}
      <section className={own.section}>
        <h3>More</h3>
        <Members record={Object.fromEntries(Object.entries(record).filter(([name]) => !shownApart.has(name)))} />
        {record.provenance !== undefined && (
          <details className={own.document}>
            <summary>Provenance</summary>
            <LongText label="Provenance" text={JSON.stringify(record.provenance, null, 2)} />
          </details>
        )}
      </section>
    </>
  );
}

const shownApart = new Set(["id", "question", "answer", "choices", "documents", "format_instruction", "provenance"]);

function Path({ chain, corpus }: { chain: ReturnType<typeof questionOf>["chain"]; corpus: Corpus | undefined }) {
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
                <Source id={hop.document} corpus={corpus} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function DocumentView({ document, corpus }: { document: SourceDocument; corpus: Corpus | undefined }) {
  const evidence = document.role === "evidence";
  return (
    <details className={own.document} open={evidence}>
      <summary>
        <span className={evidence ? own.evidence : own.distractor}>{evidence ? "evidence" : document.role || "document"}</span>{" "}
        <span className="muted">{document.position + 1}</span> <Foreign text={document.title} />
      </summary>
      {document.spans.length === 0 ? (
        <LongText text={document.text} />
      ) : (
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
      )}
      <Source id={document.id} corpus={corpus} />
    </details>
  );
}

function Source({ id, corpus }: { id: string; corpus: Corpus | undefined }) {
  if (!corpus || id === "")
    return (
      <code>
        <Foreign text={id} />
      </code>
    );
  return (
    <Link to="/runs/$run/artifacts" params={{ run: corpus.run }} search={{ at: corpus.at, id }} className={own.source}>
      <Foreign text={id} />
    </Link>
  );
}
