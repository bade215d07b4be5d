import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { Button, Loading, ProblemBox } from "@/design";
import { comfortable } from "@/graph/fold";
import { formatView, parseView, type View } from "@/graph/geometry";
import { Graph } from "@/graph/Graph";
import css from "./Run.module.css";
import { StageTable } from "./StageTable";
import { useRunDocuments, useRunId } from "./useRun";
import { useChooseStage } from "./useStage";

// The stages and what each waits for; a table of the same for those who want words.
export function GraphTab() {
  const { states, structure, error } = useRunDocuments();
  const run = useRunId();
  const { as, open, view, stage } = useSearch({ from: "/runs/$run/graph" });
  const navigate = useNavigate({ from: "/runs/$run/graph" });
  const choose = useChooseStage();
  const openGroup = useCallback(
    (group: string) =>
      void navigate({ search: (before) => ({ ...before, open: [...(before.open ?? []), group], view: undefined }) }),
    [navigate],
  );
  const moved = useCallback(
    (next: View | undefined) =>
      void navigate({ search: (before) => ({ ...before, view: next && formatView(next) }), replace: true }),
    [navigate],
  );
  const start = useMemo(() => parseView(view), [view]);

  if (error && !structure) return <ProblemBox problem={problemText(error)} />;
  if (!states || !structure) return <Loading what="the graph" lines={10} />;
  return (
    <>
      <div className={css.bars}>
        <Link to="/runs/$run/graph" params={{ run }} search={(before) => ({ ...before, as: as ? undefined : "table" })}>
          {as === "table" ? "Show as graph" : "Show as table"}
        </Link>
        <span className="muted">{structure.stages.length.toLocaleString("en")} stages</span>
        {open && (
          <Button kind="plain" onClick={() => void navigate({ search: (before) => ({ ...before, open: undefined, view: undefined }) })}>
            Fold groups
          </Button>
        )}
      </div>
      {as === "table" ? (
        <StageTable structure={structure} states={states} chosen={stage} onChoose={choose} />
      ) : (
        <Graph
          structure={structure}
          states={states}
          open={open ?? none}
          chosen={stage?.replace(/\[.*$/, "")}
          start={start}
          onChoose={choose}
          onOpen={openGroup}
          onView={moved}
        >
          {structure.stages.length > comfortable && "Groups are folded: a click opens one"}
        </Graph>
      )}
    </>
  );
}

const none: string[] = [];
