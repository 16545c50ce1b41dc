import type { DefuddleResponse } from "defuddle";
import type { Element, Root } from "hast";
import { toHtml } from "hast-util-to-html";
import { toText } from "hast-util-to-text";
import { bodyOf, element } from "./html-tree.ts";
import { protectLists } from "./protect-lists.ts";
import { protectText, unmark, unprotectText } from "./protect-text.ts";
import { parseHtml } from "./parse-html.ts";
import { countProse } from "./prose.ts";
import { countWords } from "./words.ts";

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

/**
 * Defuddle removes elements by parts of their class names, and what looks like the end of an article.
 * Both can be a large part of the article, as in Medium's `postList`.
 */
const CAUTIOUS = [{ removePartialSelectors: false }, { removeContentPatterns: false }];

interface Found {
  readonly found: DefuddleResponse;
  readonly body: Element;
  readonly prose: number;
}

const isMuchMore = (prose: number, than: number): boolean => prose > 1.25 * than + 20;

function isMostlyProse(other: Found, than: Found): boolean {
  const more = countWords(toText(other.body)) - countWords(toText(than.body));
  return other.prose - than.prose > 0.8 * more;
}

/** Finds the main content of a page with Defuddle, without its requests to other servers. */
export async function findMainContent(page: Root, url: string | null): Promise<MainContent> {
  protectText(page);
  protectLists(page);
  const [{ parseHTML }, defuddle] = await Promise.all([import("linkedom"), import("defuddle")]);
  // Its types describe another form of module than the package has.
  const Defuddle = defuddle.default as unknown as typeof defuddle.default.default;
  const { document } = parseHTML(toHtml(page, { allowDangerousHtml: true }));
  // Defuddle asks for these two, which linkedom does not have.
  Object.assign(document, { styleSheets: [], URL: url ?? NO_URL });
  Object.assign(document.defaultView, { getComputedStyle: () => ({ display: "" }) });
  const parse = (options: object): Found => {
    const found = new Defuddle(document as never, { url: url ?? NO_URL, ...options }).parse();
    const body = bodyOf(parseHtml(found.content, "the main content").page);
    return { found, body, prose: countProse(body) };
  };
  const whole = countProse(bodyOf(page));
  let best = parse({});
  for (const options of CAUTIOUS) {
    if (!isMuchMore(whole, best.prose)) break;
    const other = parse(options);
    if (isMuchMore(other.prose, best.prose) && isMostlyProse(other, best)) best = other;
  }
  const { found, body } = best;
  unprotectText(page);
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
