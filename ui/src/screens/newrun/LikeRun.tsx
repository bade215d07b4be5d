import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { problemText } from "@/api/problem";
import { workflowQuery } from "@/api/queries";
import { ProblemBox } from "@/design";
import { declaredParams } from "./declared";
import type { Draft } from "./draft";

// "?like=RUN": its text, and its parameters where these are not the text's own.
export function LikeRun({ change }: { change: (change: Partial<Draft>) => void }) {
  const { like } = useSearch({ from: "/new" });
  const navigate = useNavigate({ from: "/new" });
  const query = useQuery({ ...workflowQuery(like ?? ""), enabled: like !== undefined });
  useEffect(() => {
    if (like === undefined || !query.data) return;
    const { text, params, seed } = query.data;
    const given: Record<string, string> = {};
    for (const param of declaredParams(text)) {
      const value = params?.[param.name];
      const words = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
      const same = words === param.default || (words !== "" && Number(words) === Number(param.default)) || param.complex;
      if (words !== "" && !same) given[param.name] = words;
    }
    change({ text, given, seed: String(seed), name: "", origin: { run: like, text } });
    void navigate({ search: {}, replace: true });
  }, [like, query.data, change, navigate]);
  if (!query.error) return null;
  return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
}
