import type { UseInfiniteQueryResult, InfiniteData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { components } from "@/api/schema";
import { Empty, Foreign, format } from "@/design";
import css from "./Rollouts.module.css";

const most = 1_000;

interface Props {
  run: string;
  of: string;
  query: UseInfiniteQueryResult<InfiniteData<components["schemas"]["RolloutHits"]>>;
}

// Where a text stands in the responses. The server searches as much as its budget allows; the page goes
// on by itself.
export function Hits({ run, of, query }: Props) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const hits = data?.pages.flatMap((page) => page.hits ?? []) ?? [];
  const last = data?.pages.at(-1);
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && hits.length < most) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, hits.length]);
  return (
    <div className={css.hits}>
      <p className="muted" role="status">
        {hits.length.toLocaleString("en")} hits
        {last && last.searched < last.total && `, ${Math.floor((last.searched / last.total) * 100)} % searched`}
        {hits.length >= most && "; the first are shown"}
      </p>
      {last && !hasNextPage && hits.length === 0 && <Empty title="No response holds this" />}
      <ul>
        {hits.map((hit) => (
          <li key={`${hit.row} ${hit.where} ${hit.turn} ${hit.offset}`}>
            <Link
              to="/runs/$run/rollouts/$row"
              params={{ run, row: String(hit.row) }}
              search={{ of, ...(hit.where === "response" && { byte: hit.offset }) }}
            >
              step {hit.step} · <Foreign text={hit.sample} /> · {hit.index}
            </Link>{" "}
            <span className="muted">
              reward {hit.reward === null ? "–" : format.number(hit.reward)}
              {hit.where !== "response" && ` · in the ${hit.where} of turn ${(hit.turn ?? 0) + 1}`}
            </span>
            <div className={css.excerpt}>
              <Foreign text={hit.excerpt} />
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
