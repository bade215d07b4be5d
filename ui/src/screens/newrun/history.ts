// Undo and redo of an editor, in steps of what was typed without a pause.
import type { ChangeSet} from "@codemirror/state";
import { EditorState, StateEffect, StateField, Transaction, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";

const pause = 700;
const most = 500;

interface Step {
  inverse: ChangeSet;
  at: number; // ms
}

interface Past {
  done: readonly Step[];
  undone: readonly ChangeSet[];
}

const moved = StateEffect.define<Past>();

const past = StateField.define<Past>({
  create: () => ({ done: [], undone: [] }),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(moved)) return effect.value;
    if (!transaction.docChanged) return value;
    const inverse = transaction.changes.invert(transaction.startState.doc);
    const at = transaction.annotation(Transaction.time) ?? 0;
    const last = value.done.at(-1);
    const joins = last && at - last.at < pause && transaction.isUserEvent("input.type");
    const step = joins ? { inverse: inverse.compose(last.inverse), at } : { inverse, at };
    return { done: [...(joins ? value.done.slice(0, -1) : value.done), step].slice(-most), undone: [] };
  },
});

export function undo(view: EditorView): boolean {
  const { done, undone } = view.state.field(past);
  const step = done.at(-1);
  if (!step) return false;
  const again = step.inverse.invert(view.state.doc);
  view.dispatch({ changes: step.inverse, effects: moved.of({ done: done.slice(0, -1), undone: [...undone, again] }), scrollIntoView: true });
  return true;
}

export function redo(view: EditorView): boolean {
  const { done, undone } = view.state.field(past);
  const changes = undone.at(-1);
  if (!changes) return false;
  const step = { inverse: changes.invert(view.state.doc), at: 0 };
  view.dispatch({ changes, effects: moved.of({ done: [...done, step], undone: undone.slice(0, -1) }), scrollIntoView: true });
  return true;
}

// Enter keeps the indentation, and goes one step further in behind a colon.
function newLine(view: EditorView): boolean {
  const { from, to } = view.state.selection.main;
  const line = view.state.doc.lineAt(from);
  const before = line.text.slice(0, from - line.from);
  const indent = /^\s*/.exec(before)?.[0] ?? "";
  const deeper = /:\s*$/.test(before) ? "  " : "";
  const insert = `\n${indent}${deeper}`;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input", scrollIntoView: true });
  return true;
}

// At once: the browser would tell of its own selection after the next key.
function selectAll(view: EditorView): boolean {
  view.dispatch({ selection: { anchor: 0, head: view.state.doc.length }, userEvent: "select" });
  return true;
}

// The browser does all other editing. Tab leaves the editor: it traps no keyboard.
export function editing(): Extension {
  return [
    past,
    EditorState.tabSize.of(2),
    EditorView.domEventHandlers({
      beforeinput: (event, view) => {
        // Typed over a selection, a browser would carry the old text's look along as style attributes,
        // which the page's policy forbids.
        if (event.inputType === "insertText" && event.data !== null && !event.isComposing && !view.state.selection.main.empty) {
          event.preventDefault();
          view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
          return true;
        }
        const does = { historyUndo: undo, historyRedo: redo }[event.inputType];
        if (!does) return false;
        event.preventDefault();
        return does(view);
      },
    }),
    keymap.of([
      { key: "Enter", run: newLine },
      { key: "Mod-a", run: selectAll, preventDefault: true },
      { key: "Mod-z", run: undo, preventDefault: true },
      { key: "Mod-y", mac: "Mod-Shift-z", run: redo, preventDefault: true },
      { key: "Mod-Shift-z", run: redo, preventDefault: true },
    ]),
  ];
}
