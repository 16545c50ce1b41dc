import type { parseHTML } from "linkedom";

export interface Page {
  readonly title: string | null;
  readonly byline: string | null;
  readonly excerpt: string | null;
  readonly siteName: string | null;
  readonly publishedTime: string | null;
  readonly language: string | null;
  readonly links: { text: string; url: string }[];
  readonly isMainContent: boolean;
  /** The content's HTML. */
  readonly content: string;
  /** The content without tags. */
  readonly text: string;
}

/** Finds the content of a page. Makes relative links absolute if the URL of the page is known. */
export async function readPage(
  source: { html: string; url: string | null },
  mainContentOnly: boolean,
): Promise<Page> {
  const [{ parseHTML: parse }, { Readability }] = await Promise.all([
    import("linkedom"),
    import("@mozilla/readability"),
  ]);
  const { document } = parse(toWholePage(source.html));
  makeAbsolute(document, source.url);
  const body = bodyHtml(document);
  const title = orNull(document.querySelector("title")?.textContent);
  const language = orNull(document.documentElement.getAttribute("lang"));
  const description = orNull(
    document.querySelector('meta[name="description"]')?.getAttribute("content"),
  );
  const article = mainContentOnly ? new Readability(document).parse() : null;
  const content = article?.content ?? body;
  const { document: shown } = parse(toWholePage(content));
  // After Readability, which moves addresses into `src` from other attributes.
  removeUnsafeAddresses(shown);
  return {
    title: orNull(article?.title) ?? title,
    byline: orNull(article?.byline),
    excerpt: orNull(article?.excerpt) ?? description,
    siteName: orNull(article?.siteName),
    publishedTime: orNull(article?.publishedTime),
    language: orNull(article?.lang) ?? language,
    links: linksOf(shown),
    isMainContent: article !== null,
    content: shown.body.innerHTML,
    text: shown.body.textContent ?? "",
  };
}

type PageDocument = ReturnType<typeof parseHTML>["document"];

// No pattern searches past the next `<`. Otherwise many unclosed tags would take quadratic time.
/** The elements of a head, at the beginning of a page that omits `<head>`. */
const HEAD_ELEMENTS =
  /^(?:\s|<(?:meta|link|base)\b[^<>]*>|<(title|style|script)\b[^<>]*>[\s\S]*?<\/\1\s*>)*/i;

/**
 * Adds `<html>`, `<head>` and `<body>`. HTML lets a page omit them, but the parser does not add
 * them.
 */
function toWholePage(html: string): string {
  if (/<html[\s>]/i.test(html) && /<body[\s>]/i.test(html)) return html;
  const lang = /<html[^<>]*\slang\s*=\s*["']?([\w-]+)/i.exec(html)?.[1];
  const bare = html.replaceAll(/<!doctype[^<>]*>|<\/?(?:html|head|body)(?:\s[^<>]*)?>/gi, "");
  const head = HEAD_ELEMENTS.exec(bare)?.[0] ?? "";
  const body = bare.slice(head.length);
  return `<!doctype html><html lang="${lang ?? ""}"><head>${head}</head><body>${body}</body></html>`;
}

function bodyHtml(document: PageDocument): string {
  const body = document.body.cloneNode(true);
  for (const node of body.querySelectorAll("script, style, noscript, template")) node.remove();
  return body.innerHTML;
}

function makeAbsolute(document: PageDocument, url: string | null): void {
  const base = resolveUrl(document.querySelector("base")?.getAttribute("href") ?? "", url) ?? url;
  for (const [selector, attribute] of [
    ["a[href]", "href"],
    ["img[src]", "src"],
  ] as const) {
    for (const element of document.querySelectorAll(selector)) {
      const written = element.getAttribute(attribute)?.trim() ?? "";
      element.setAttribute(attribute, resolveUrl(written, base) ?? written);
    }
  }
}

const LINK_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "mailto:", "tel:"]);
const IMAGE_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:"]);
/** Makes a relative address a whole one. Its protocol is one of those that are allowed. */
const ANY_BASE = "https://page.invalid/";

/**
 * Removes addresses that can run a script or contain a document: the Markdown is shown elsewhere.
 * An address is parsed as browsers do, because they read `java\nscript:` as `javascript:`.
 */
function removeUnsafeAddresses(document: PageDocument): void {
  for (const [selector, attribute, allowed] of [
    ["a[href]", "href", LINK_PROTOCOLS],
    ["img[src]", "src", IMAGE_PROTOCOLS],
  ] as const) {
    for (const element of document.querySelectorAll(selector)) {
      const url = resolveUrl(element.getAttribute(attribute) ?? "", ANY_BASE);
      if (url === null || !allowed.has(new URL(url).protocol)) element.removeAttribute(attribute);
    }
  }
}

function resolveUrl(written: string, base: string | null): string | null {
  if (!URL.canParse(written, base ?? undefined)) return null;
  return new URL(written, base ?? undefined).href;
}

function linksOf(document: PageDocument): { text: string; url: string }[] {
  const links = new Map<string, { text: string; url: string }>();
  for (const element of document.querySelectorAll("a[href]")) {
    const url = element.getAttribute("href") ?? "";
    const text = (element.textContent ?? "").replaceAll(/\s+/g, " ").trim();
    if (url !== "" && !url.startsWith("#") && !links.has(url)) links.set(url, { text, url });
  }
  return [...links.values()];
}

function orNull(text: string | null | undefined): string | null {
  const clean = text?.replaceAll(/\s+/g, " ").trim();
  return clean ? clean : null;
}
