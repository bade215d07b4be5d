import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { problemText } from "@/api/problem";
import { workflowQuery } from "@/api/queries";
import { ProblemBox } from "@/design";
import type { Draft } from "./draft";
import { givenLike } from "./params";
import { validateQuery } from "./queries";

// "?like=RUN": its text, and its parameters where these are not the text's own.
export function LikeRun({ change }: { change: (change: Partial<Draft>) => void }) {
  const { like } = useSearch({ from: "/new" });
  const navigate = useNavigate({ from: "/new" });
  const query = useQuery({ ...workflowQuery(like ?? ""), enabled: like !== undefined });
  const begun = like !== undefined && query.data ? { workflow: query.data.text, from_run: like } : undefined;
  // Which values the text has by itself.
  const own = useQuery(validateQuery(begun ?? { workflow: "" }));
  useEffect(() => {
    if (like === undefined || !query.data || !own.data || own.isPlaceholderData) return;
    const { text, params, seed } = query.data;
    change({ text, given: givenLike(params ?? {}, own.data.params ?? []), seed: String(seed), name: "", origin: { run: like, text } });
    void navigate({ search: {}, replace: true });
  }, [like, query.data, own.data, own.isPlaceholderData, change, navigate]);
  const failed = [query, own].find(({ error }) => error);
  if (!failed?.error) return null;
  return <ProblemBox problem={problemText(failed.error)} retry={() => void failed.refetch()} />;
}
