import { useInfiniteQuery } from "@tanstack/react-query";
import { problemText } from "@/api/problem";
import { runsQuery } from "@/api/queries";
import { Dialog, Empty, Foreign, Loading, ProblemBox, StatusLabel, Time } from "@/design";
import css from "./NewRun.module.css";

// The latest runs, to begin with the workflow of one.
export function FromRun({ onRun, onClose }: { onRun: (run: string) => void; onClose: () => void }) {
  const query = useInfiniteQuery(runsQuery({}));
  const runs = query.data?.pages[0]?.runs ?? [];
  return (
    <Dialog title="Begin with the workflow of a run" onClose={onClose}>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="runs" />}
      {query.isSuccess && runs.length === 0 && <Empty title="No runs yet" />}
      <ul className={css.runs}>
        {runs.slice(0, 30).map((run) => (
          <li key={run.id}>
            <button type="button" className={css.run} onClick={() => onRun(run.id)}>
              <StatusLabel status={run.status} />
              <Foreign text={run.name} />
              <code className="muted">{run.id}</code>
              <Time at={run.created_at} />
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
