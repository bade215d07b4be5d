import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import type { Diagnostic } from "@/api/types";
import { Loading, ScrollRegion } from "@/design";
import { Bar } from "./Bar";
import { Checks } from "./Checks";
import { submissionOf, useDraft, useStill, whyNotYet } from "./draft";
import { Drop } from "./Drop";
import { LikeRun } from "./LikeRun";
import css from "./NewRun.module.css";
import { ParamSection } from "./ParamSection";
import { sentParams, typedValues } from "./params";
import { planQuery, validateQuery } from "./queries";
import { StageAt } from "./StageAt";
import { Plan, Start } from "./Start";
import { useKnowledge } from "./useKnowledge";
import { useTold } from "./useTold";
import type { EditorHandle } from "./YamlEditor";

const YamlEditor = lazy(() => import("./YamlEditor").then(({ YamlEditor }) => ({ default: YamlEditor })));
const none: readonly Diagnostic[] = [];

// A workflow on its way to be a run: its text, what is wrong with it, its parameters, and what starting
// it would do.
export function NewRun() {
  const [draft, change] = useDraft();
  const editor = useRef<EditorHandle>(null);
  const [cursor, setCursor] = useState(0);
  const still = useStill(draft, 350);
  const known = useKnowledge(still.text);
  const [told, tell] = useTold();
  const { values, wrong } = useMemo(() => typedValues(sentParams(told.params), still.given), [told.params, still.given]);
  const what = useMemo(() => submissionOf(still, values), [still, values]);
  const validation = useQuery(validateQuery(what));
  tell(validation.data);
  const diagnostics = validation.data?.diagnostics ?? none;
  const checked = validation.data !== undefined && !validation.isPlaceholderData;
  const why = whyNotYet(still, wrong, checked ? diagnostics : none);
  const ready = still === draft && checked && validation.data?.valid === true && why === undefined;
  const plan = useQuery(planQuery(what, checked && validation.data?.valid === true && why === undefined));

  return (
    <div className={css.page}>
      <Bar draft={draft} change={change} />
      <LikeRun change={change} />
      <div className={css.body}>
        <div className={css.text}>
          <Drop onText={(text) => change({ text, given: {}, origin: undefined })}>
            <Suspense fallback={<Loading what="the editor" lines={14} />}>
              <YamlEditor
                ref={editor}
                text={draft.text}
                known={known}
                diagnostics={checked ? diagnostics : none}
                onText={(text) => change({ text })}
                onCursor={setCursor}
              />
            </Suspense>
          </Drop>
          <Checks text={still.text} validation={validation} onGo={(line, column) => editor.current?.goTo(line, column)} />
        </div>
        <div className={css.side}>
          <ScrollRegion label="What starts" className={css.scroll}>
            <ParamSection told={told} given={draft.given} wrong={wrong} onGiven={(name, text) => change({ given: { ...draft.given, [name]: text } })} />
            <Plan what={what} plan={plan} fresh={ready && !plan.isPlaceholderData} wrong={why !== undefined} />
            <StageAt text={draft.text} cursor={cursor} known={known} told={told.stages} onChange={(edit) => editor.current?.change(edit)} />
          </ScrollRegion>
          <Start what={what} why={why} ready={ready && plan.isSuccess && !plan.isPlaceholderData} />
        </div>
      </div>
    </div>
  );
}
