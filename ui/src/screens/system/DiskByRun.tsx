import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import type { DiskUse } from "@/api/types";
import { Button, Foreign, format, Loading, plain, ProblemBox, StatusLabel, useSeen } from "@/design";
import css from "./System.module.css";

// What runs take on the disk. The server measures it anew for each answer: it is asked once it is seen.
export function DiskByRun() {
  const root = useRef<HTMLElement>(null);
  const seen = useSeen(root);
  const query = useQuery({
    queryKey: ["system", "disk"],
    queryFn: ({ signal }) => document<DiskUse>(client.GET("/api/v1/system/disk", { signal })),
    enabled: seen,
    staleTime: 60_000,
    retry: false,
  });
  return (
    <section ref={root} className={css.section} aria-label="Disk by run">
      <div className={css.title}>
        <h2>Disk by run</h2>
        <Button disabled={query.isFetching} onClick={() => void query.refetch()}>
          Measure anew
        </Button>
        {query.data && <span className="muted">{summaryOf(query.data)}</span>}
      </div>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isLoading && <Loading what="what runs take" lines={4} />}
      {query.data && <Runs disk={query.data} />}
    </section>
  );
}

const counted = (count: number, what: string) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

// "1.2 GB in 4 runs beside 300 MB of 12 artifacts, which runs share; 3 older runs were not measured"
export function summaryOf({ artifacts, artifact_bytes, measured_runs, measured_bytes, unmeasured_runs }: DiskUse): string {
  const shared = `${format.bytes(artifact_bytes)} of ${counted(artifacts, "artifact")}, which runs share`;
  const rest = unmeasured_runs > 0 ? `; ${counted(unmeasured_runs, "older run")} not measured` : "";
  return `${format.bytes(measured_bytes)} in ${counted(measured_runs, "run")}, beside ${shared}${rest}`;
}

function Runs({ disk: { runs = [], measured_runs, measured_bytes } }: { disk: DiskUse }) {
  if (runs.length === 0) return <p className="muted">No run takes room of its own.</p>;
  return (
    <div className={plain.wide} role="group" aria-label="What runs take">
      <table className={plain.table}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col" className={css.end}>
              Takes
            </th>
            <th scope="col" className={css.end}>
              Files
            </th>
            <th scope="col">Part</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run}>
              <th scope="row">
                {run.name === undefined ? (
                  <>
                    <code>{run.run}</code> <span className="muted">deleted</span>
                  </>
                ) : (
                  <Link to="/runs/$run/graph" params={{ run: run.run }}>
                    <Foreign text={run.name} /> <code>{run.run}</code>
                  </Link>
                )}
              </th>
              <td>{run.status !== undefined && <StatusLabel status={run.status} />}</td>
              <td className={css.end}>{format.bytes(run.bytes)}</td>
              <td className={css.end}>{run.files.toLocaleString("en")}</td>
              <td>
                <div className={css.part} aria-hidden="true">
                  <div style={{ inlineSize: `${(run.bytes / Math.max(1, measured_bytes)) * 100}%` }} />
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {measured_runs > runs.length && <p className="muted">The {runs.length.toLocaleString("en")} that take most.</p>}
    </div>
  );
}
