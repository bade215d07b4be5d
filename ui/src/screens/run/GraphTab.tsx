import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { problemText } from "@/api/problem";
import { Button, Loading, ProblemBox } from "@/design";
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
  const twin = (
    <Link to="/runs/$run/graph" params={{ run }} search={(before) => ({ ...before, as: as ? undefined : "table" })}>
      {as === "table" ? "Show as graph" : "Show as table"}
    </Link>
  );
  const count = `${structure.stages.length.toLocaleString("en")} stages`;
  if (as === "table") {
    return (
      <>
        <div className={css.bars}>
          {twin} <span className="muted">{count}</span>
        </div>
        <StageTable structure={structure} states={states} chosen={stage} onChoose={choose} />
      </>
    );
  }
  const foldAll = () => void navigate({ search: (before) => ({ ...before, open: undefined, view: undefined }) });
  return (
    <Graph
      structure={structure}
      states={states}
      open={open ?? none}
      chosen={stage?.replace(/\[.*$/, "")}
      start={start}
      onChoose={choose}
      onOpen={openGroup}
      onView={moved}
      note={(folded) => (
        <>
          {folded ? `${count}, in groups that a click opens` : count}
          {twin}
          {open && (
            <Button kind="plain" onClick={foldAll}>
              Fold groups
            </Button>
          )}
        </>
      )}
    />
  );
}

const none: string[] = [];
