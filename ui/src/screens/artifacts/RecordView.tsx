import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { problemText } from "@/api/problem";
import type { LineageTree } from "@/api/types";
import { CodeText, Empty, Foreign, format, Icon, Loading, ProblemBox } from "@/design";
import { backwards, forwards, type Hop } from "../lineage/hops";
import css from "./Artifacts.module.css";
import { writeAt } from "./place";
import { recordsQuery } from "./queries";
import type { Members } from "./record";

interface Props {
  run: string;
  tree: LineageTree;
  file: string | undefined;
  id: string | undefined;
  number: number | undefined;
}

// One record, what it was made from and where it is used.
export function RecordView({ run, tree, file, id, number }: Props) {
  const query = useInfiniteQuery(recordsQuery(tree.artifact.digest, { file, id, number }));
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="the record" lines={8} />;
  const found = query.data.pages.flatMap((page) => page.records)[0];
  if (!found)
    return (
      <Empty title="There is no such record">
        {hasNextPage && (
          <button type="button" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Look further
          </button>
        )}
      </Empty>
    );
  const record: Members = found.record ?? {};
  return (
    // A region that scrolls can be reached with the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.record} tabIndex={0} role="region" aria-label="Record">
      <div className={css.members}>
        <h2>
          <Foreign text={typeof record.id === "string" ? record.id : `Record ${found.number ?? ""}`} />
        </h2>
        {found.error && <p>{found.error}</p>}
        {Object.entries(record).map(([name, value]) => (
          <Member key={name} name={name} value={value} />
        ))}
      </div>
      <aside className={css.hops} aria-label="Where it comes from and goes to">
        <Hops title="Made from" run={run} hops={backwards(tree, record)} />
        <section>
          <h3>Made by</h3>
          <ul>
            <li>
              <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(tree.artifact) }}>
                <Icon name="right" /> <Foreign text={tree.artifact.task} />: configuration and code
              </Link>
            </li>
          </ul>
        </section>
        <Hops title="Used in" run={run} hops={forwards(tree, record)} />
      </aside>
    </div>
  );
}

function Member({ name, value }: { name: string; value: unknown }) {
  const long = typeof value === "string" && (value.length > 120 || value.includes("\n"));
  const nested = typeof value === "object" && value !== null;
  return (
    <section className={css.member}>
      <h3>
        <Foreign text={name} />
      </h3>
      {nested ? (
        <CodeText label={name} text={JSON.stringify(value, null, 2)} wrap />
      ) : long ? (
        <CodeText label={name} text={value} wrap />
      ) : (
        <p>
          <Foreign text={typeof value === "number" ? format.number(value) : String(value)} />
        </p>
      )}
    </section>
  );
}

function Hops({ title, run, hops }: { title: string; run: string; hops: readonly Hop[] }) {
  if (hops.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {hops.map(({ label, ...search }) => (
          <li key={`${search.at} ${search.id ?? ""}`}>
            <Link to="/runs/$run/artifacts" params={{ run }} search={search}>
              <Icon name="right" /> <Foreign text={label} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
