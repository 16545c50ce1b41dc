import type TurndownService from "turndown";

/** What is used here of the DOM's Element; the DOM's own types are a browser's. */
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
 * Tables of GitHub-flavoured Markdown. Written here because of two plugins for Turndown one takes
 * 197 s for 5,000 rows and the other breaks cells that hold a `|` (both tried, November 2026).
 * A table with a table inside is there for the layout: its cells become paragraphs.
 */
export function addTables(service: TurndownService): void {
  const layouts = new WeakMap<Element, boolean>();
  const isLayout = (element: Element): boolean => {
    const table = element.closest("table");
    if (!table) return true;
    // Turndown's parser says undefined where the standard says null.
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
      // A table needs a header; what is not marked as one stays data.
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

/** Asked of the neighbours only: looking the row up in its table would take the square of the rows. */
function isFirstRow(row: Element): boolean {
  if (row.previousElementSibling?.nodeName === "TR") return false;
  const section = row.parentElement;
  if (!section || section.nodeName === "TABLE") return true;
  return !["THEAD", "TBODY", "TR"].includes(section.previousElementSibling?.nodeName ?? "");
}

/** Columns that a cell takes, within reason. */
function span(cell: Element): number {
  const written = Number(cell.getAttribute("colspan") ?? 1);
  return Number.isInteger(written) && written >= 1 && written <= 100 ? written : 1;
}
