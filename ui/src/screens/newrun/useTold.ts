import { useState } from "react";
import type { Validation, WorkflowStage } from "@/api/types";
import { foldParams, type FormParam } from "./params";

export interface Told {
  from: Validation | undefined; // the newest answer
  params: readonly FormParam[];
  stages: readonly WorkflowStage[]; // of the newest text that nothing was wrong with
}

// What the server told of the text: what it could not tell of the newest one stays.
export function useTold(): [Told, (validation: Validation | undefined) => void] {
  const [told, setTold] = useState<Told>({ from: undefined, params: [], stages: [] });
  const tell = (from: Validation | undefined) => {
    if (from === undefined || from === told.from) return;
    setTold({ from, params: foldParams(told.params, from), stages: from.declared_stages ?? told.stages });
  };
  return [told, tell];
}
