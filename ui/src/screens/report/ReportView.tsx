import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { contentUrl } from "@/api/artifacts";
import { explainQuery, runQuery } from "@/api/queries";
import type { LineageNode } from "@/api/types";
import { buttonClass, Digest, Foreign, ScrollRegion, Time } from "@/design";
import { writeAt } from "../artifacts/place";
import { Curves } from "./Curves";
import { Differences } from "./Differences";
import { Headline } from "./Headline";
import type { Report } from "./model";
import { Paper } from "./Paper";
import css from "./Report.module.css";
import { Scores } from "./Scores";

// A report from top to bottom: what came of it, the scores, what changed them, how training went.
export function ReportView({ run, report, from }: { run: string; report: Report; from: LineageNode }) {
  return (
    <ScrollRegion label="Report" className={css.scroll}>
      <article className={css.report}>
        <Head run={run} report={report} from={from} />
        <Headline report={report} />
        <Scores run={run} report={report} />
        <Differences run={run} report={report} />
        {report.trainings.length > 0 && <Curves run={run} trainings={report.trainings} />}
        {report.paper && <Paper paper={report.paper} />}
      </article>
    </ScrollRegion>
  );
}

// The title, and what one needs to know to make the same again.
function Head({ run, report, from }: { run: string; report: Report; from: LineageNode }) {
  const { data } = useQuery(runQuery(run));
  const git = useQuery(explainQuery(run, from.task)).data?.environment?.git as { commit?: unknown; dirty?: unknown } | undefined;
  const digest = from.digest;
  return (
    <header className={css.head}>
      <div>
        <h2>
          <Foreign text={report.title} />
        </h2>
        <p className={css.origin}>
          <span>
            made by{" "}
            <Link to="/runs/$run/lineage" params={{ run }} search={{ at: writeAt(from) }}>
              <Foreign text={writeAt(from)} />
            </Link>
          </span>
          {data?.finished_at && (
            <span>
              <Time at={data.finished_at} />
            </span>
          )}
          {data && (
            <span>
              <Link to="/runs/$run/config" params={{ run }}>
                seed {data.seed}
              </Link>
            </span>
          )}
          {typeof git?.commit === "string" && (
            <span>
              commit <Digest value={git.commit} what="Commit" />
              {git.dirty === true && " with changes"}
            </span>
          )}
          <span>
            digest <Digest value={digest} />
          </span>
        </p>
      </div>
      <span className={css.tools}>
        <a href={contentUrl(digest, "index.html")} download className={buttonClass()}>
          Download as HTML
        </a>
        <a href={contentUrl(digest, "report.json")} download className={buttonClass()}>
          JSON
        </a>
      </span>
    </header>
  );
}
