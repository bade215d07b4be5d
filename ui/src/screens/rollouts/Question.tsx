import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { rolloutQuestionQuery, type TaskPath } from "@/api/reading";
import { Foreign } from "@/design";
import { answersOf, textIn } from "../records/qa";
import css from "./Rollouts.module.css";

interface Props {
  task: TaskPath;
  sample: string;
  record: number | null | undefined;
}

// What was asked, with the way to the sample in its dataset.
export function Question({ task, sample, record }: Props) {
  const { data, error } = useQuery(rolloutQuestionQuery(task, sample, record));
  if (error) {
    return (
      <p className={css.question}>
        <span className="muted">The question of this sample is not at hand: {error.message}</span>
      </p>
    );
  }
  if (!data) return <p className={css.question} style={{ minBlockSize: "3rem" }} />;
  const question = textIn(data.record, "question");
  return (
    <div className={css.question}>
      <p>
        <span className="muted">Question </span>
        <Foreign text={question ?? JSON.stringify(data.record)} />
      </p>
      {answersOf(data.record).length > 0 && (
        <p>
          <span className="muted">Answer </span>
          <Foreign text={answersOf(data.record).join(" · ")} />
        </p>
      )}
      <p className={css.links}>
        <Link to="/records/$digest" params={{ digest: data.dataset }} search={{ run: task.run, kind: "qa", id: sample }}>
          The sample with its documents
        </Link>
        <Link to="/runs/$run/rollouts/sample" params={{ run: task.run }} search={{ of: task.stage, sample }}>
          This sample across steps
        </Link>
      </p>
    </div>
  );
}
