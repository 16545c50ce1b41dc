import type { Root } from "hast";
import { fromParse5 } from "hast-util-from-parse5";
import { defaultTreeAdapter, type DefaultTreeAdapterMap, parse } from "parse5";

type ParsedNode = DefaultTreeAdapterMap["node"];

/** Real pages have fewer than 100 levels. Deeper ones overflow the stack of what reads the tree. */
const MAX_DEPTH = 256;

/** A page of this size takes up to 20 s and 450 MB (measured on two shared cores). */
export const MAX_ELEMENTS = 100_000;

export interface ParsedPage {
  readonly page: Root;
  readonly elements: number;
}

/**
 * Parses a page as browsers do. `rehype-parse` has no place for the limits between
 * the parser and its recursion.
 */
export function parseHtml(html: string, field: string): ParsedPage {
  const document = parse(html);
  const elements = limitDepth(document);
  if (elements > MAX_ELEMENTS) {
    throw new Error(`${field} has ${elements} elements: it must have at most ${MAX_ELEMENTS}`);
  }
  return { page: fromParse5(document) as Root, elements };
}

/** Replaces elements that are too deep by the text and the images in them. Counts the elements. */
function limitDepth(root: ParsedNode): number {
  let elements = 0;
  const open: { node: ParsedNode; depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, depth } = next;
    if ("tagName" in node) elements += 1;
    if ("content" in node) open.push({ node: node.content, depth });
    if (!("childNodes" in node)) continue;
    if (depth >= MAX_DEPTH) node.childNodes = leavesOf(node);
    for (const child of node.childNodes) open.push({ node: child, depth: depth + 1 });
  }
  return elements;
}

function leavesOf(root: DefaultTreeAdapterMap["parentNode"]): DefaultTreeAdapterMap["childNode"][] {
  const leaves = [];
  const open = root.childNodes.toReversed();
  for (let node = open.pop(); node; node = open.pop()) {
    if ("childNodes" in node && node.childNodes.length > 0 && !isRawText(node.nodeName)) {
      for (const child of node.childNodes.toReversed()) open.push(child);
    } else {
      defaultTreeAdapter.detachNode(node);
      leaves.push(node);
      node.parentNode = root;
    }
  }
  return leaves;
}

function isRawText(name: string): boolean {
  return name === "script" || name === "style";
}
