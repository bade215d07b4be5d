import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { jsonQuery, lineageQuery, type At } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import { Empty, Loading, ProblemBox } from "@/design";
import { readAt, writeAt } from "../artifacts/place";
import { useAllArtifacts } from "../artifacts/useAllArtifacts";
import { useRunId } from "../run/useRun";
import { readReport } from "./model";
import { ReportView } from "./ReportView";

// The newest artifact of kind report that holds report.json, drawn from it.
export function ReportTab() {
  const run = useRunId();
  const { at } = useSearch({ from: "/runs/$run/report" });
  const chosen = readAt(at);
  const { rows, error, pending, refetch } = useAllArtifacts(run, !chosen);
  const found = useMemo(() => {
    const last = rows.findLast((artifact) => artifact.kind === "report" && artifact.name === "report");
    return last && { task: last.task, output: last.name };
  }, [rows]);
  const place = chosen ?? found;
  if (place) return <OneReport key={writeAt(place)} run={run} at={place} />;
  if (error) return <ProblemBox problem={problemText(error)} retry={() => void refetch()} />;
  if (pending) return <Loading what="the report" />;
  return (
    <Empty title="No report yet">
      A stage that <Link to="/plugins/$type" params={{ type: "report" }}>uses report</Link> makes one when it has succeeded.
    </Empty>
  );
}

function OneReport({ run, at }: { run: string; at: At }) {
  const lineage = useQuery(lineageQuery(run, at));
  const digest = lineage.data?.artifact.digest;
  const json = useQuery({ ...jsonQuery(digest ?? "", "report.json"), enabled: digest !== undefined });
  const report = useMemo(() => readReport(json.data, lineage.data?.artifact), [json.data, lineage.data]);
  const error = lineage.error ?? json.error;
  if (error) return <ProblemBox problem={problemText(error)} />;
  if (!lineage.data || json.isPending) return <Loading what="the report" lines={12} />;
  if (!report)
    return (
      <Empty title="This report is of another kind">
        <Link to="/runs/$run/artifacts" params={{ run }} search={{ at: writeAt(at) }}>
          Look at its file
        </Link>
      </Empty>
    );
  return <ReportView run={run} report={report} from={lineage.data.artifact} />;
}
