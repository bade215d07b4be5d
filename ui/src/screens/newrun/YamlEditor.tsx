import { autocompletion, closeBrackets, completionKeymap, type CompletionContext } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { EditorState, type Text } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useImperativeHandle, useRef, type Ref } from "react";
import type { Diagnostic } from "@/api/types";
import { complete, describe, type Knowledge } from "./complete";
import { editing } from "./history";
import { look } from "./look";

export interface EditorHandle {
  goTo: (line: number, column: number) => void;
  change: (change: { from: number; to: number; insert: string }) => void;
}

interface Props {
  text: string;
  known: Knowledge;
  diagnostics: readonly Diagnostic[];
  onText: (text: string) => void;
  onCursor: (at: number) => void;
  ref?: Ref<EditorHandle>;
}

// What the server says is wrong, as marks in the text: to the end of the word that it names.
export function marksOf(doc: Text, diagnostics: readonly Diagnostic[]): Mark[] {
  return diagnostics
    .map((found): Mark => {
      const line = doc.line(Math.min(Math.max(1, found.line), doc.lines));
      const from = Math.min(line.from + Math.max(0, found.column - 1), line.to);
      const word = /^["']?[\w.$-]+["']?/.exec(line.text.slice(from - line.from))?.[0].length ?? 1;
      const message = found.hint ? `${found.message}\n${found.hint}` : found.message;
      return { from, to: Math.min(from + word, line.to), severity: found.severity, message };
    })
    .sort((one, other) => one.from - other.from);
}

function help(title: string, text: string): HTMLElement {
  const box = document.createElement("div");
  box.className = "cm-help";
  const name = document.createElement("b");
  name.textContent = title;
  box.append(name, `\n${text}`);
  return box;
}

export function YamlEditor({ text, known, diagnostics, onText, onCursor, ref }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ text, known, onText, onCursor });
  const told = useRef<string[]>([]); // texts that have not come back yet
  useEffect(() => {
    latest.current = { text, known, onText, onCursor };
  });

  useEffect(() => {
    const parent = root.current;
    if (!parent) return;
    const source = (context: CompletionContext) => {
      const found = complete(context.state.doc.toString(), context.pos, latest.current.known);
      if (!found || (!context.explicit && context.pos === found.from && !/[\s{[.]$/.test(context.state.doc.sliceString(0, context.pos).slice(-1)))) return null;
      if (!context.explicit && context.pos === found.from && context.state.doc.lineAt(context.pos).text.trim() === "") return null;
      return {
        from: found.from,
        options: found.offers.map(({ label, detail, info, apply }, at) => ({
          label,
          boost: -at,
          ...(detail !== undefined && { detail }),
          ...(info !== undefined && info !== "" && { info }),
          ...(apply !== undefined && { apply }),
        })),
        validFor: /^[\w.$-]*$/,
      };
    };
    const made = new EditorView({
      parent,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          look("Workflow, YAML"),
          yaml(),
          lineNumbers(),
          lintGutter(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          drawSelection(),
          closeBrackets(),
          autocompletion({ override: [source], icons: false }),
          keymap.of(completionKeymap),
          editing(),
          hoverTooltip((editor, pos) => {
            const found = describe(editor.state.doc.toString(), pos, latest.current.known);
            return found ? { pos: found.from, end: found.to, create: () => ({ dom: help(found.title, found.text) }) } : null;
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) {
              latest.current.text = update.state.doc.toString();
              told.current.push(latest.current.text);
              latest.current.onText(latest.current.text);
            }
            if (update.selectionSet || update.docChanged) latest.current.onCursor(update.state.selection.main.head);
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = undefined;
    };
  }, []);

  // A file that was opened, a template that was chosen. What was typed comes back later than more is typed.
  useEffect(() => {
    const made = view.current;
    const at = told.current.indexOf(text);
    told.current.splice(0, at + 1);
    if (!made) return;
    const there = made.state.doc.toString() === text;
    if (at >= 0 && !there) return;
    if (!there) made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text }, selection: { anchor: 0 } });
    told.current = [];
  }, [text]);

  useEffect(() => {
    const made = view.current;
    if (made) made.dispatch(setDiagnostics(made.state, marksOf(made.state.doc, diagnostics)));
  }, [diagnostics]);

  useImperativeHandle(ref, () => ({
    goTo: (line, column) => {
      const made = view.current;
      if (!made) return;
      const found = made.state.doc.line(Math.min(Math.max(1, line), made.state.doc.lines));
      made.dispatch({ selection: { anchor: Math.min(found.from + Math.max(0, column - 1), found.to) }, scrollIntoView: true });
      made.focus();
    },
    change: (changes) => view.current?.dispatch({ changes, userEvent: "input" }),
  }));

  return <div ref={root} style={{ blockSize: "100%", minBlockSize: 0 }} />;
}
