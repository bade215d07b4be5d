import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { problemText } from "@/api/problem";
import { statesQuery } from "@/api/queries";
import { useWatch } from "@/app/live";
import { useKey } from "@/app/keys";
import { clsx, ProblemBox, tabClass, Tabs } from "@/design";
import { RunHead } from "./RunHead";
import css from "./Run.module.css";
import { StageDrawer } from "./StageDrawer";
import { tabs } from "./tabs";
import { useRunId } from "./useRun";

const topics = ["runs", "states", "progress"];
const topicsWithEvents = [...topics, "events"];

// A run: what it is about, its tabs, and a drawer for the stage that was chosen.
export function Run() {
  const run = useRunId();
  const { stage } = useSearch({ from: "/runs/$run" });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const states = useQuery(statesQuery(run));
  useWatch(run, /\/(events|metrics)$/.test(path) ? topicsWithEvents : topics);

  if (states.error && !states.data)
    return <ProblemBox problem={problemText(states.error)} retry={() => void states.refetch()} />;
  return (
    <div className={css.page}>
      <div className={css.head}>
        <RunHead run={run} states={states.data} />
        <RunTabs run={run} />
      </div>
      <div className={clsx(css.body, stage !== undefined && css.withDrawer)}>
        <div className={css.tab}>
          <Outlet />
        </div>
        {stage !== undefined && <ChosenStage run={run} stage={stage} />}
      </div>
    </div>
  );
}

function RunTabs({ run }: { run: string }) {
  const navigate = useNavigate();
  const { stage } = useSearch({ from: "/runs/$run" });
  useKey("g g", "Graph of the run", () => void navigate({ to: "/runs/$run/graph", params: { run }, search: { stage } }));
  useKey("g t", "Tasks of the run", () => void navigate({ to: "/runs/$run/tasks", params: { run }, search: { stage } }));
  return (
    <Tabs label="Run">
      {tabs.map((tab) => (
        <Link
          key={tab.to}
          to={tab.to}
          params={{ run }}
          search={{ stage }}
          className={tabClass}
          activeOptions={{ includeSearch: false }}
        >
          {tab.label}
        </Link>
      ))}
    </Tabs>
  );
}

function ChosenStage({ run, stage }: { run: string; stage: string }) {
  const navigate = useNavigate();
  const close = useCallback(
    () => void navigate({ to: ".", search: (before: Record<string, unknown>) => ({ ...before, stage: undefined }) }),
    [navigate],
  );
  return <StageDrawer run={run} stage={stage} onClose={close} />;
}
