/**
 * Makes each code block `<pre><code class="language-…">` with only text in it. Highlighters write
 * lines as `<br>`, as blocks, as several code elements, or as a table with line numbers.
 */
import type { Element, Nodes, Root } from "hast";
import { visit } from "unist-util-visit";
import { SKIP, visitParents } from "unist-util-visit-parents";
import { codeLanguage, knownLanguage } from "./code-language.ts";
import { codeText, isLineNumber } from "./code-text.ts";
import { all, classesOf, element, find, isElement, plainText } from "./html-tree.ts";

const BLOCK_NAMES: ReadonlySet<string> = new Set(["pre", "xmp", "listing", "plaintext"]);
const LISTING_CLASS = /highlight|code|rouge|hljs|blob|lines?nos?|syntax|js-file-line/i;
const AROUND = 4;

export function normalizeCode(tree: Root | Element): Element[] {
  const blocks: Element[] = [];
  visitParents(tree, "element", (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (!parent) return undefined;
    const siblings = parent.children as Nodes[];
    const index = siblings.indexOf(node);
    if (node.tagName === "code" && find(node, (child) => BLOCK_NAMES.has(child.tagName))) {
      siblings.splice(index, 1, ...node.children);
      return [SKIP, index] as const;
    }
    const text = blockText(node);
    if (text === null) return undefined;
    const around = ancestors.filter((ancestor): ancestor is Element => isElement(ancestor));
    const nodes = [...all(node, "code"), node, ...around.slice(-AROUND).toReversed()];
    const language = codeLanguage(nodes) ?? knownLanguage(headerOf(node));
    const block = codeBlock(text, language);
    blocks.push(block);
    siblings.splice(index, 1, block);
    const wrapper = around.find(({ tagName }) => tagName === "figure");
    // Defuddle would look for the lines in it.
    if (wrapper) wrapper.properties = {};
    return [SKIP, index + 1] as const;
  });
  return blocks;
}

/** Enough words for a block to count as content. */
const MAX_WORDS = 50;
const MARK = /codeblock(\d+)x/;

/**
 * Hides code from Defuddle, which removes blocks that contain a date, changes spaces, and drops
 * languages that it does not know. Returns what puts the code back.
 */
export function hideCode(blocks: readonly Element[]): (tree: Root | Element) => void {
  const contents = blocks.map((block, index) => {
    const { children } = block;
    const words = Math.min(plainText(block).split(/\s+/).length, MAX_WORDS);
    const value = `codeblock${index}x `.repeat(words).trimEnd();
    block.children = [element("code", {}, [{ type: "text", value }])];
    return children;
  });
  return (tree) => {
    visit(tree, "element", (node) => {
      const index = node.tagName === "pre" ? MARK.exec(plainText(node))?.[1] : undefined;
      if (index !== undefined) node.children = contents[Number(index)] ?? node.children;
    });
  };
}

function codeBlock(text: string, language: string | null): Element {
  const value = text.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd();
  const properties = language === null ? {} : { className: [`language-${language}`] };
  return element("pre", {}, [element("code", properties, [{ type: "text", value }])]);
}

/** Returns the text of an element that is a code block, or null. */
function blockText(node: Element): string | null {
  if (node.tagName === "table") return listingText(node);
  if (BLOCK_NAMES.has(node.tagName)) return codeText(onlyCode(node) ?? node);
  const isLong =
    node.tagName === "code" && find(node, ({ tagName }) => /^(?:br|div)$/.test(tagName));
  return isLong ? codeText(node) : null;
}

/** Returns the only code element of a block. Around it are spaces, or the elements of a header. */
function onlyCode(node: Element): Element | null {
  if (node.children.some((child) => child.type === "text" && child.value.trim() !== ""))
    return null;
  const [code, ...more] = [...all(node, "code"), ...byClass(node, "cm-content")];
  return code && more.length === 0 ? code : null;
}

function byClass(node: Element, name: string): Element[] {
  const found = find(node, (child) => classesOf(child).includes(name));
  return found ? [found] : [];
}

function headerOf(node: Element): string {
  const inner = onlyCode(node);
  if (!inner || node === inner) return "";
  const [text, own] = [plainText(node), plainText(inner)];
  return text.endsWith(own) || text.includes(own) ? text.replace(own, "").trim() : "";
}

/** Returns the code of a table of which each row has line numbers and code, or null. */
function listingText(table: Element): string | null {
  const isMarked = classesOf(table).some((name) => LISTING_CLASS.test(name));
  if (!isMarked && !find(table, ({ tagName }) => tagName === "pre" || tagName === "code"))
    return null;
  const rows = all(table, "tr");
  const lines: string[] = [];
  for (const row of rows) {
    const cells = row.children.filter((child): child is Element => isElement(child, "td"));
    const [code, ...more] = cells.filter((cell) => !isNumberCell(cell, isMarked));
    if (!code || more.length > 0 || cells.length < 2) return null;
    const isCode = find(code, ({ tagName }) => tagName === "pre" || tagName === "code");
    if (!isCode && !isMarked) return null;
    lines.push(codeText(code).replace(/\n$/, ""));
  }
  return lines.length > 0 ? lines.join("\n") : null;
}

function isNumberCell(cell: Element, isMarked: boolean): boolean {
  if (isLineNumber(cell)) return true;
  const text = plainText(cell).trim();
  if (!/^\d+(?:\s+\d+)*$/.test(text)) return false;
  return isMarked || find(cell, ({ tagName }) => tagName === "pre") !== null || /^\d+$/.test(text);
}
