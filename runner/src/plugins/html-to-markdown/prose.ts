import type { Element } from "hast";
import { toText } from "hast-util-to-text";
import { SKIP, visit } from "unist-util-visit";
import { all } from "./html-tree.ts";
import { countWords } from "./words.ts";

const BLOCKS = new Set(["p", "li", "blockquote", "pre", "dd"]);
/** A shorter block can be a caption, a button or a heading of another article. */
const MIN_WORDS = 20;

/** The words of the paragraphs that are not mostly links: what an article consists of. */
export function countProse(body: Element): number {
  let prose = 0;
  visit(body, "element", (node) => {
    if (!BLOCKS.has(node.tagName)) return undefined;
    if (node.children.some((child) => child.type === "element" && BLOCKS.has(child.tagName))) {
      return undefined;
    }
    const words = countWords(toText(node));
    const links = all(node, "a").reduce((sum, link) => sum + countWords(toText(link)), 0);
    if (words >= MIN_WORDS && links * 2 < words) prose += words;
    return SKIP;
  });
  return prose;
}
