import type { Element, Root } from "hast";
import { toHtml } from "hast-util-to-html";
import { bodyOf, element } from "./html-tree.ts";
import { protectText, unmark, unprotectText } from "./protect-text.ts";
import { parseHtml } from "./parse-html.ts";

export interface MainContent {
  readonly title: string;
  readonly byline: string;
  readonly excerpt: string;
  readonly siteName: string;
  readonly publishedTime: string;
  readonly language: string;
  readonly body: Element;
}

/** Defuddle takes up to 10 s for so many (measured on two shared cores). */
export const MAX_SEARCHED = 20_000;
/** What browsers call a page without an address. Relative links stay relative. */
const NO_URL = "about:blank";

/** Finds the main content of a page with Defuddle, without its requests to other servers. */
export async function findMainContent(page: Root, url: string | null): Promise<MainContent> {
  protectText(page);
  const [{ parseHTML }, defuddle] = await Promise.all([import("linkedom"), import("defuddle")]);
  // Its types describe another form of module than the package has.
  const Defuddle = defuddle.default as unknown as typeof defuddle.default.default;
  const { document } = parseHTML(toHtml(page, { allowDangerousHtml: true }));
  // Defuddle asks for these two, which linkedom does not have.
  Object.assign(document, { styleSheets: [], URL: url ?? NO_URL });
  Object.assign(document.defaultView, { getComputedStyle: () => ({ display: "" }) });
  const found = new Defuddle(document as never, { url: url ?? NO_URL }).parse();
  unprotectText(page);
  const body = bodyOf(parseHtml(found.content, "the main content").page);
  unprotectText(body);
  return {
    title: unmark(found.title),
    byline: unmark(found.author),
    excerpt: unmark(found.description),
    siteName: found.site === found.domain ? "" : unmark(found.site),
    publishedTime: unmark(found.published),
    language: found.language,
    body: body.tagName === "body" ? body : element("body"),
  };
}
