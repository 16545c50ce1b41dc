/** Prepares tables for Markdown, which has one header row and one line for each row. */
import type { Element, ElementContent, Root } from "hast";
import { SKIP, visit } from "unist-util-visit";
import { all, element, find, isElement } from "./html-tree.ts";

/** The most columns that one cell spans. The HTML standard allows 1,000. */
const MAX_SPAN = 100;
const BLOCKS =
  /^(?:p|div|h[1-6]|ul|ol|dl|li|dt|dd|blockquote|figure|figcaption|section|article|header|footer|hr)$/;

export function prepareTables(tree: Root | Element): void {
  visit(tree, "element", (node, index, parent) => {
    if (node.tagName !== "table" || !parent || index === undefined) return undefined;
    const isLayout =
      find(node, ({ tagName }) => tagName === "table") !== null || isPresentation(node);
    const shown = isLayout ? layoutParts(node) : [...captionOf(node), node];
    if (!isLayout) prepareTable(node);
    parent.children.splice(index, 1, ...(shown as never[]));
    return isLayout ? index : [SKIP, index + shown.length];
  });
}

function isPresentation({ properties }: Element): boolean {
  return properties["role"] === "presentation" || properties["role"] === "none";
}

/** A table that contains tables only arranges what is in its cells. */
function layoutParts(table: Element): Element[] {
  const parts: Element[] = [];
  visit(table, "element", (node) => {
    if (node === table || !/^(?:td|th|caption)$/.test(node.tagName)) return undefined;
    parts.push(element("div", {}, node.children));
    return SKIP;
  });
  return parts;
}

function captionOf(table: Element): Element[] {
  const caption = table.children.find((child) => isElement(child, "caption"));
  if (!isElement(caption)) return [];
  table.children = table.children.filter((child) => child !== caption);
  return [
    element(
      "p",
      {},
      caption.children.flatMap((child) => inLine(child)),
    ),
  ];
}

function prepareTable(table: Element): void {
  const order = ["thead", "tbody", "tfoot"];
  table.children = table.children
    .filter((child) => isElement(child))
    .toSorted((a, b) => rank(a, order) - rank(b, order));
  const rows = all(table, "tr");
  for (const [index, row] of rows.entries()) {
    for (const cell of row.children) {
      if (!isElement(cell, "td", "th")) continue;
      cell.properties["colSpan"] = span(cell.properties["colSpan"], MAX_SPAN);
      // 0 stands for the rest of the rows.
      const rowSpan = Number(cell.properties["rowSpan"] ?? 1);
      const left = rows.length - index;
      cell.properties["rowSpan"] = rowSpan === 0 ? left : span(rowSpan, left);
      cell.children = trimBreaks(cell.children.flatMap((child) => inLine(child)));
    }
  }
}

function rank(node: Element, order: string[]): number {
  const at = order.indexOf(node.tagName);
  return at === -1 ? 1 : at;
}

function span(written: unknown, most: number): number {
  const columns = Number(written ?? 1);
  return Number.isInteger(columns) && columns >= 1 ? Math.min(columns, most) : 1;
}

/** Makes the content of a cell one line, with line ends as `<br>`. */
function inLine(node: ElementContent): ElementContent[] {
  if (!isElement(node)) return [node];
  if (node.tagName === "pre") {
    const lines = (find(node, () => true)?.children ?? node.children).flatMap((child) =>
      child.type === "text" ? child.value.split("\n") : [],
    );
    return lines.flatMap((value, index) => [
      ...(index > 0 ? [element("br", { dataKeep: true })] : []),
      ...(value.trim() === "" ? [] : [keptCode(value)]),
    ]);
  }
  const children = node.children.flatMap((child) => inLine(child));
  if (!BLOCKS.test(node.tagName)) return [{ ...node, children }];
  return [element("br"), ...children, element("br")];
}

function keptCode(value: string): Element {
  const text = { type: "text" as const, value: value.replaceAll(" ", "\u00a0") };
  return element("code", { dataKeep: true }, [text]);
}

function trimBreaks(children: ElementContent[]): ElementContent[] {
  const isEdge = (node: ElementContent | undefined) =>
    isElement(node, "br") || (node?.type === "text" && node.value.trim() === "");
  let [start, end] = [0, children.length];
  while (start < end && isEdge(children[start])) start += 1;
  while (end > start && isEdge(children[end - 1])) end -= 1;
  return children
    .slice(start, end)
    .filter((node, index, rest) => !(isElement(node, "br") && isEdge(rest[index - 1])));
}
