import { render } from "@testing-library/react";
import { EditorView } from "@codemirror/view";
import { createRef } from "react";
import { expect, it } from "vitest";
import { YamlEditor, type EditorHandle } from "./YamlEditor";

// What the editor tells comes back as its text a moment later, when more has been typed.
it("keeps what was typed while an earlier text came back, and takes a text from elsewhere", () => {
  const ref = createRef<EditorHandle>();
  const told: string[] = [];
  const none = { types: [], declared: new Map(), schema: undefined };
  const editor = (text: string) => (
    <YamlEditor ref={ref} text={text} known={none} diagnostics={[]} onText={(now) => told.push(now)} onCursor={() => undefined} />
  );
  const { container, rerender } = render(editor("a"));
  const view = EditorView.findFromDOM(container.querySelector(".cm-editor") as HTMLElement);
  const type = (insert: string) => ref.current?.change({ from: view?.state.doc.length ?? 0, to: view?.state.doc.length ?? 0, insert });
  type("b");
  type("c");
  rerender(editor("ab"));
  expect(view?.state.doc.toString()).toBe("abc");
  rerender(editor("abc"));
  expect(told).toEqual(["ab", "abc"]);
  rerender(editor("ab"));
  expect(view?.state.doc.toString()).toBe("ab");
});
