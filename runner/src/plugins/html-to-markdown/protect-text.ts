/**
 * Keeps Defuddle from changing text. It puts a space between inline elements that touch, removes
 * the space before punctuation ("Bonjour !"), and drops joiners, which are parts of emoji and of
 * words. Its other cleaning is wanted: without it, footnotes are lost. The marks are characters
 * that Unicode reserves for use within programs.
 */
import type { Element, Nodes, Root, Text } from "hast";
import { isElement } from "./html-tree.ts";
import { LIST_MARK } from "./protect-lists.ts";

const TOUCHES = "\uFDD0";
const SPACED = "\uFDD1";
/** Each of these is replaced by the mark at the same position. */
const DROPPED = ["\u200B", "\u200D", "\u200E", "\u200F", "\uFEFF", "\u00A0"];
const MARKS = ["\uFDD2", "\uFDD3", "\uFDD4", "\uFDD5", "\uFDD6", "\uFDD7"];
const INLINE =
  /^(?:a|abbr|b|bdi|cite|code|del|em|font|i|ins|kbd|mark|math|q|rb|rp|rt|ruby|s|samp|small|span|strong|sub|sup|time|u|var)$/;

export function protectText(tree: Root | Element): void {
  let before: Nodes | null = null;
  walk(tree, hasOwnSpaces, (node) => {
    if (isElement(node)) {
      if (!INLINE.test(node.tagName)) before = null;
      return;
    }
    if (node.type !== "text") return;
    const { value } = node;
    const touches = before?.type === "text" && /\S$/.test(before.value) && /^\S/.test(value);
    node.value = `${touches ? TOUCHES : ""}${mark(value)}`;
    before = { type: "text", value };
  });
}

function mark(text: string): string {
  const spaced = text.replaceAll(/(\s)(?=[,.!?:;])/g, `$1${SPACED}`);
  return DROPPED.reduce((marked, from, index) => marked.replaceAll(from, MARKS[index]!), spaced);
}

/**
 * Removes the marks, and the spaces that were put before text that touches what is before it. Also in
 * code: Defuddle makes code blocks of elements that were marked.
 */
export function unprotectText(tree: Root | Element): void {
  let before: Text | null = null;
  walk(
    tree,
    () => false,
    (node) => {
      if (node.type !== "text") return;
      if (node.value.trimStart().startsWith(TOUCHES)) {
        node.value = node.value.trimStart();
        if (before) before.value = before.value.replace(/ $/, "");
      }
      node.value = unmark(node.value);
      before = node;
    },
  );
}

/** Removes the marks from one text. */
export function unmark(text: string): string {
  const plain = text
    .replaceAll(new RegExp(` ?${TOUCHES}`, "g"), "")
    .replaceAll(SPACED, "")
    .replaceAll(LIST_MARK, "");
  return MARKS.reduce((shown, from, index) => shown.replaceAll(from, DROPPED[index]!), plain);
}

function hasOwnSpaces(node: Nodes): boolean {
  return isElement(node, "head", "script", "style", "pre", "math", "template", "textarea");
}

/** Visits the nodes in their order, without what is in those to skip. Blocks are visited twice. */
function walk(node: Nodes, skips: (node: Nodes) => boolean, visit: (node: Nodes) => void): void {
  visit(node);
  if (!("children" in node) || skips(node)) return;
  for (const child of node.children) walk(child, skips, visit);
  if (isElement(node)) visit(node);
}
