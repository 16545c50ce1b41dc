import type TurndownService from "turndown";

/** The members of the DOM's Element that are used here. Node's types do not include the DOM. */
interface Element {
  readonly nodeName: string;
  readonly parentElement: Element | null;
  readonly previousElementSibling: Element | null;
  readonly children: ArrayLike<Element>;
  getAttribute(name: string): string | null;
  closest(selector: string): Element | null;
  querySelector(selector: string): Element | null | undefined;
}

/**
 * Adds tables of GitHub-flavoured Markdown. Of the two Turndown plugins for this, one needs 197 s
 * for 5,000 rows and the other breaks cells with a `|` (both measured, November 2026). A table that
 * contains another table is a layout table: its cells become paragraphs.
 */
export function addTables(service: TurndownService): void {
  const layouts = new WeakMap<Element, boolean>();
  const isLayout = (element: Element): boolean => {
    const table = element.closest("table");
    if (!table) return true;
    // Turndown's parser returns undefined where the standard says null.
    const known = layouts.get(table) ?? Boolean(table.querySelector("table"));
    layouts.set(table, known);
    return known;
  };
  service.addRule("table-cell", {
    filter: ["th", "td"],
    replacement(content, node: Element) {
      if (isLayout(node)) return `\n\n${content}\n\n`;
      const text = content
        .trim()
        .replaceAll("|", "\\|")
        .replaceAll(/\s*\n\s*/g, " ");
      return ` ${text} |${"  |".repeat(span(node) - 1)}`;
    },
  });
  service.addRule("table-row", {
    filter: "tr",
    replacement(content, node: Element) {
      if (isLayout(node)) return content;
      const row = `|${content}\n`;
      if (!isFirstRow(node)) return row;
      const cells = Array.from(node.children);
      const columns = cells.reduce((sum, cell) => sum + span(cell), 0);
      const rule = `|${" --- |".repeat(columns)}\n`;
      // Markdown requires a header row. Without one in the page, an empty header is added.
      if (cells.some(({ nodeName }) => nodeName === "TH")) return row + rule;
      return `|${"  |".repeat(columns)}\n${rule}${row}`;
    },
  });
  service.addRule("table-section", {
    filter: ["thead", "tbody", "tfoot"],
    replacement: (content) => content,
  });
  service.addRule("table", {
    filter: "table",
    replacement: (content) => `\n\n${content.trim()}\n\n`,
  });
}

/** Checks only the neighbours: a search for the row in its table would take quadratic time. */
function isFirstRow(row: Element): boolean {
  if (row.previousElementSibling?.nodeName === "TR") return false;
  const section = row.parentElement;
  if (!section || section.nodeName === "TABLE") return true;
  return !["THEAD", "TBODY", "TR"].includes(section.previousElementSibling?.nodeName ?? "");
}

/** The number of columns that a cell spans, up to 100. */
function span(cell: Element): number {
  const written = Number(cell.getAttribute("colspan") ?? 1);
  return Number.isInteger(written) && written >= 1 && written <= 100 ? written : 1;
}
