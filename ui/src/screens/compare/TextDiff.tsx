import { yaml } from "@codemirror/lang-yaml";
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { look } from "../newrun/look";
import css from "./Compare.module.css";

function side(label: string): Extension {
  return [look(label), yaml(), lineNumbers(), EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true" })];
}

// Two texts side by side, what is the same folded.
export function TextDiff({ one, other }: { one: string; other: string }) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!root.current) return;
    const view = new MergeView({
      parent: root.current,
      a: { doc: one, extensions: side("First workflow") },
      b: { doc: other, extensions: side("Second workflow") },
      collapseUnchanged: { margin: 4, minSize: 8 },
      diffConfig: { scanLimit: 2_000, timeout: 2_000 },
    });
    return () => view.destroy();
  }, [one, other]);
  return <div ref={root} className={css.diff} />;
}
