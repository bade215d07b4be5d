import { useMemo } from "react";
import type { WorkflowStage } from "@/api/types";
import type { Knowledge } from "./complete";
import { outlineOf, placeAt } from "./scan";
import type { Change } from "./setParam";
import { StageForm } from "./StageForm";

interface Props {
  text: string;
  cursor: number;
  known: Knowledge;
  told: readonly WorkflowStage[];
  onChange: (change: Change) => void;
}

// The form of the stage that the cursor is in.
export function StageAt({ text, cursor, known, told, onChange }: Props) {
  const stage = useMemo(() => {
    const path = placeAt(text, Math.min(cursor, text.length))?.path ?? [];
    return path[0] === "stages" ? path[1] : undefined;
  }, [text, cursor]);
  const uses = useMemo(() => (stage === undefined ? undefined : outlineOf(text).stages.get(stage)?.uses), [text, stage]);
  const declared = uses === undefined ? undefined : known.declared.get(uses);
  if (stage === undefined || !declared) return null;
  const effect = told.find(({ name }) => name === stage)?.params;
  return <StageForm text={text} stage={stage} declared={declared} effect={effect} onChange={onChange} />;
}
