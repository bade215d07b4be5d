import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { contentUrl, recordPlaceQuery, recordQuery, type RecordKey } from "@/api/artifacts";
import { ApiProblem, problemText } from "@/api/problem";
import type { LineageTree } from "@/api/types";
import { Drawer, Empty, Foreign, Icon, Loading, ProblemBox } from "@/design";
import { writeAt } from "../artifacts/place";
import { HopLinks } from "../lineage/HopLinks";
import { backwards, documentsOf, forwards } from "../lineage/hops";
import lines from "../lineage/Lineage.module.css";
import { Choice } from "../run/Toggle";
import { LongText } from "./LongText";
import { Members } from "./Members";
import { textIn, type Raw } from "./qa";
import { QuestionView } from "./QuestionView";
import own from "./Records.module.css";

interface Props {
  digest: string;
  file: string | undefined;
  which: RecordKey;
  run: string | undefined;
  tree: LineageTree | undefined; // of the artifact, where its run is known
  onClose: () => void;
}

// One record, whole, with the ways to what it was made from and to what was made of it.
export function RecordDrawer(props: Props) {
  const { digest, file, which, onClose } = props;
  const known = which.record;
  const place = useQuery({ ...recordPlaceQuery(digest, file, which), enabled: known === undefined });
  const offset = known ?? (place.data?.at === "byte" ? place.data.offset : undefined);
  if (offset !== undefined) return <Whole key={`${digest} ${offset}`} {...props} offset={offset} />;
  const name = which.id ?? `Record ${which.number ?? ""}`;
  return (
    <Drawer title={<Foreign text={name} />} label="Record" onClose={onClose}>
      {place.error && <ProblemBox problem={problemText(place.error)} retry={() => void place.refetch()} />}
      {place.data?.at === "nowhere" && <Empty title="There is no such record">The whole file was searched for it.</Empty>}
      {!place.error && place.data?.at !== "nowhere" && <Loading what="the record" />}
    </Drawer>
  );
}

function Whole({ digest, file, offset, run, tree, onClose }: Props & { offset: number }) {
  const { data, error, isPending, refetch } = useQuery(recordQuery(digest, file, offset));
  const record = data?.record as Raw | undefined;
  return (
    <Drawer title={<Foreign text={textIn(record, "id") ?? (isPending ? "…" : `Record at byte ${offset.toLocaleString("en")}`)} />} label="Record" onClose={onClose}>
      {isPending && <Loading what="the record" />}
      {error && (
        <>
          <ProblemBox problem={problemText(error)} retry={error instanceof ApiProblem ? undefined : () => void refetch()} />
          <p>
            <a href={contentUrl(digest, file)} download>
              Download the file
            </a>{" "}
            to see the line as it is.
          </p>
        </>
      )}
      {record && (
        <>
          {run !== undefined && tree && <Ways run={run} tree={tree} record={record} />}
          <RecordBody record={record} tree={tree} />
        </>
      )}
    </Drawer>
  );
}

function Ways({ run, tree, record }: { run: string; tree: LineageTree; record: Raw }) {
  const { artifact } = tree;
  const hops = useMemo(() => ({ back: backwards(tree, record), on: forwards(tree, record) }), [tree, record]);
  return (
    <nav className={lines.ways} aria-label="Where it comes from and goes to">
      <HopLinks title="Made from" run={run} hops={hops.back} />
      <section className={lines.hops}>
        <h3>Made by</h3>
        <ul>
          <li>
            <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(artifact) }}>
              <Icon name="right" />
              <span>
                <Foreign text={artifact.task} />: configuration and code
              </span>
            </Link>
          </li>
        </ul>
      </section>
      <HopLinks title="Used in" run={run} hops={hops.on} />
    </nav>
  );
}

const views = [
  ["read", "Read"],
  ["json", "JSON"],
] as const;

function RecordBody({ record, tree }: { record: Raw; tree: LineageTree | undefined }) {
  const [view, setView] = useState<"read" | "json">("read");
  const documents = useMemo(() => documentsOf(tree), [tree]);
  const corpus = documents && { run: documents.run, at: writeAt(documents) };
  return (
    <div className={own.body}>
      <Choice label="View" options={views} value={view} onChange={setView} />
      {view === "json" ? (
        <LongText label="The record as JSON" text={JSON.stringify(record, null, 2)} />
      ) : textIn(record, "question") !== undefined ? (
        <QuestionView record={record} corpus={corpus} />
      ) : (
        <Members record={record} />
      )}
    </div>
  );
}
