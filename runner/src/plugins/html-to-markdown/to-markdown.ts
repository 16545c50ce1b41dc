import { addTables } from "./tables.ts";

interface MarkdownOptions {
  readonly images: boolean;
  readonly links: boolean;
}

/** Converts HTML to GitHub-flavoured Markdown with tables, strikethrough and fenced code. */
export async function toMarkdown(html: string, options: MarkdownOptions): Promise<string> {
  if (html.trim() === "") return "";
  const { default: TurndownService } = await import("turndown");
  const service = new TurndownService({
    headingStyle: "atx",
    codeBlockStyle: "fenced",
    bulletListMarker: "-",
    hr: "---",
  });
  addTables(service);
  service.addRule("strikethrough", {
    filter: ["del", "s"],
    replacement: (text) => (text.trim() ? `~~${text}~~` : ""),
  });
  service.remove(["script", "style", "noscript"]);
  if (!options.images) service.addRule("no-images", { filter: "img", replacement: () => "" });
  if (!options.links) service.addRule("link-text", { filter: "a", replacement: (text) => text });
  // Without this rule, a <pre> without <code> loses its line breaks and gets backslashes.
  service.addRule("bare-pre", {
    filter: (node) => node.nodeName === "PRE" && node.firstElementChild?.nodeName !== "CODE",
    replacement: (_text, node) => fenced(node.textContent ?? ""),
  });
  return service.turndown(html).trim();
}

/** Uses a fence that is longer than any run of backticks in the code. */
function fenced(code: string): string {
  const runs = code.match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `\n\n${fence}\n${code.replace(/^\n/, "").trimEnd()}\n${fence}\n\n`;
}
