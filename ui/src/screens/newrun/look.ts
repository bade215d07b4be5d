// How an editor looks: the design system's tokens, as styles that carry the nonce of the page.
import { syntaxHighlighting, HighlightStyle } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { blockSize: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--text-s)" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", paddingBlock: "var(--s2)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--selected)" },
  ".cm-cursor": { borderInlineStartColor: "var(--text)" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "var(--radius)", backgroundColor: "var(--raised)", color: "var(--text)", boxShadow: "var(--shadow)", maxInlineSize: "30rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-code)", maxBlockSize: "16rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--selected)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionInfo, .cm-help": { padding: "var(--s2) var(--s3)", whiteSpace: "pre-line", fontFamily: "var(--font)", fontSize: "var(--text-s)" },
  ".cm-help b": { fontFamily: "var(--font-code)" },
  ".cm-diagnostic": { padding: "var(--s1) var(--s3)", whiteSpace: "pre-line" },
  ".cm-diagnostic-error": { borderInlineStartColor: "var(--danger)" },
  ".cm-diagnostic-warning": { borderInlineStartColor: "var(--warning)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warning)" },
  ".cm-lint-marker": { content: "none", inlineSize: "0.6em", blockSize: "0.6em", borderRadius: "50%" },
  ".cm-lint-marker-error": { backgroundColor: "var(--danger)" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warning)", borderRadius: "0" },
  ".cm-deletedChunk": { backgroundColor: "var(--st-failed-bg)" },
  ".cm-changedLine": { backgroundColor: "var(--st-succeeded-bg)" },
  ".cm-merge-a .cm-changedLine": { backgroundColor: "var(--st-failed-bg)" },
  ".cm-merge-a .cm-changedText, .cm-merge-b .cm-changedText": { background: "none", textDecoration: "underline" },
  ".cm-collapsedLines": { color: "var(--muted)", backgroundImage: "none", backgroundColor: "var(--sunken)" },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.definition(tags.propertyName), color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--st-succeeded)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.typeName, tags.meta], color: "var(--st-paused)" },
]);

export function look(label: string): Extension {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return [
    nonce ? EditorView.cspNonce.of(nonce) : [],
    theme,
    syntaxHighlighting(colours),
    EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off" }),
  ];
}
