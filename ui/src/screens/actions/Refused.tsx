import { useQuery } from "@tanstack/react-query";
import { ApiProblem, problemText, Unreachable } from "@/api/problem";
import { runQuery } from "@/api/queries";
import { Button, ProblemBox, StatusLabel, type ProblemText } from "@/design";
import css from "./Actions.module.css";

interface Props {
  run: string;
  seen: string; // the state that was acted on
  error: Error | null;
  onSeen: (status: string) => void; // the state as it is now was looked at
}

// Why a deed failed. Without an answer nobody knows whether it was done; its key makes it safe to ask again.
export function deedProblem(error: Error): ProblemText {
  if (!(error instanceof Unreachable)) return problemText(error);
  return {
    title: error.message,
    detail: "It is not known whether this was done.",
    hint: "Once the server is back, press the button again: it is done once, however often it is asked for.",
  };
}

// Why it was not done, with the run as it is by now.
export function Refused({ run, seen, error, onSeen }: Props) {
  const now = useQuery({ ...runQuery(run), enabled: error !== null }).data?.status;
  if (!error) return null;
  const conflict = error instanceof ApiProblem && error.status === 409;
  return (
    <>
      <ProblemBox problem={deedProblem(error)} />
      {conflict && now && now !== seen && (
        <p className={css.check}>
          It is now <StatusLabel status={now} badge />
          <Button onClick={() => onSeen(now)}>Act on that</Button>
        </p>
      )}
    </>
  );
}
