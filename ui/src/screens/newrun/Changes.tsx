import { yaml } from "@codemirror/lang-yaml";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { Dialog } from "@/design";
import { look } from "./look";
import css from "./NewRun.module.css";

interface Props {
  run: string;
  before: string;
  after: string;
  onClose: () => void;
}

// What somebody changed in the text of a run: lines that are gone above those that came.
export function Changes({ run, before, after, onClose }: Props) {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!root.current) return;
    const view = new EditorView({
      parent: root.current,
      doc: after,
      extensions: [
        look("Changes of the workflow"),
        yaml(),
        lineNumbers(),
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true" }),
        unifiedMergeView({
          original: before,
          mergeControls: false,
          collapseUnchanged: { margin: 3, minSize: 6 },
          diffConfig: { scanLimit: 2_000, timeout: 2_000 },
        }),
      ],
    });
    return () => view.destroy();
  }, [before, after]);
  return (
    <Dialog title={`Changes against ${run}`} wide onClose={onClose}>
      <div ref={root} className={css.changes} />
    </Dialog>
  );
}
