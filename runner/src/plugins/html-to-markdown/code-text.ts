import type { Element, Nodes } from "hast";
import { attribute, classesOf, isElement, plainText } from "./html-tree.ts";

const BLOCKS: ReadonlySet<string> = new Set(["div", "p", "li", "ol", "ul", "tr", "pre", "table"]);
const LINE_CLASS = /^(?:line|code-?line|token-line|ec-line|view-line|cm-line|CodeMirror-line)$/;
const HEADER_CLASS = /(?:^|[-_])(?:header|toolbar)$/i;
const NUMBER_CLASS =
  /^(?:.*[-_])?(?:line-?numbers?(?:-rows)?|linenos?|linenodiv|lineno|gutter|lnt?|blob-num|rouge-gutter|hljs-ln-numbers|select-none)$/i;

/** Returns the text of a code block with the line ends that a browser shows. */
export function codeText(root: Element): string {
  const lines = new Lines();
  add(root, lines);
  return lines.text.replaceAll("\r\n", "\n").replaceAll("\u00a0", " ");
}

function add(node: Nodes, lines: Lines): void {
  if (node.type === "text") lines.write(node.value);
  if (node.type !== "element" && node.type !== "root") return;
  for (const number of numbersOf(node.children)) lines.numbers.add(number);
  for (const [index, child] of node.children.entries()) {
    if (!isElement(child)) {
      add(child, lines);
      continue;
    }
    if (/^(?:button|script|style)$/.test(child.tagName) || isLineNumber(child)) continue;
    if (isHeader(child)) continue;
    if (lines.numbers.has(child)) continue;
    if (child.tagName === "br") lines.write("\n");
    else if (BLOCKS.has(child.tagName) || isLine(child, node.children[index + 1])) {
      const start = lines.begin(BLOCKS.has(child.tagName));
      add(child, lines);
      lines.end(start);
    } else add(child, lines);
  }
}

/** Line ends between blocks are due only when more text follows. */
class Lines {
  text = "";
  /** What shows the number of a line. */
  readonly numbers = new Set<Nodes>();
  #due = false;

  write(text: string): void {
    if (this.#due && !/^\r?\n/.test(text)) this.text += "\n";
    this.#due &&= text === "";
    this.text += text;
  }
  /** Returns where the line begins. */
  begin(isBlock: boolean): number {
    if (this.#due || (isBlock && this.text !== "" && !this.text.endsWith("\n"))) this.text += "\n";
    this.#due = false;
    return this.text.length;
  }
  /** An empty line is due too. */
  end(start: number): void {
    this.#due = !this.text.endsWith("\n") || this.text.length === start;
  }
}

/** What is above the code, such as its language and a button to copy it. */
function isHeader(node: Element): boolean {
  return node.tagName === "div" && classesOf(node).some((name) => HEADER_CLASS.test(name));
}

/** Returns the first elements of rows that have the numbers 1, 2, 3 and so on. */
function numbersOf(rows: readonly Nodes[]): ReadonlySet<Nodes> {
  const elements = rows.filter((row): row is Element => isElement(row));
  const first = elements.map((row) => row.children.find((child) => isElement(child)));
  const isNumbered = (node: Nodes | undefined, index: number) =>
    node !== undefined && plainText(node).trim() === `${index + 1}`;
  return new Set(elements.length > 1 && first.every(isNumbered) ? (first as Element[]) : []);
}

/** A highlighter's element for one line, or one of several code elements in a block. */
function isLine(node: Element, next: Nodes | undefined): boolean {
  if (node.tagName === "code") return isElement(next, "code");
  return "dataLine" in node.properties || classesOf(node).some((name) => LINE_CLASS.test(name));
}

export function isLineNumber(node: Element): boolean {
  const isMarked =
    "dataLineNumber" in node.properties ||
    classesOf(node).some((name) => NUMBER_CLASS.test(name)) ||
    /user-select:\s*none/.test(attribute(node, "style"));
  return isMarked && /^[\s\d:.|]*$/.test(plainText(node));
}
