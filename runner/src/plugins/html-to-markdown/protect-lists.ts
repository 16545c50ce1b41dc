import type { Element, Nodes, Root } from "hast";
import { toText } from "hast-util-to-text";
import { all, element, isElement } from "./html-tree.ts";
import { countWords } from "./words.ts";

/** It begins with a character that Unicode reserves for use within programs. */
export const LIST_MARK = "\uFDD8:";
/** A shorter paragraph can be a label of what follows, such as a date. */
const MIN_WORDS = 8;

/**
 * Keeps Defuddle from removing short lists of an article. It takes one near the start or the end of the text for
 * the article's date, author and the like, unless what precedes it ends with a colon. Lists of links are left to it.
 */
export function protectLists(tree: Root | Element): void {
  const children: Nodes[] = [];
  let before: Element | null = null;
  for (const child of tree.children) {
    if (isElement(child)) {
      protectLists(child);
      if (isElement(child, "ul", "ol", "dl") && isContent(child, before, tree)) {
        children.push(element("span", {}, [{ type: "text", value: LIST_MARK }]));
      }
      before = child;
    }
    children.push(child);
  }
  tree.children = children as never;
}

function isContent(list: Element, before: Element | null, parent: Root | Element): boolean {
  const isInText = before !== null && isElement(before, "p") && words(before) >= MIN_WORDS;
  if (!isInText && !isElement(parent, "td", "th", "blockquote")) return false;
  const links = all(list, "a").reduce((sum, link) => sum + words(link), 0);
  return links * 2 <= words(list);
}

function words(node: Element): number {
  return countWords(toText(node));
}
