import type { Element, Root } from "hast";
import { toText } from "hast-util-to-text";
import { visit } from "unist-util-visit";
import { resolveAddresses, resolveUrl, type Link, linksOf } from "./addresses.ts";
import { assemblePage } from "./assemble-page.ts";
import { hideCode, normalizeCode } from "./code-blocks.ts";
import { linkEmbeds } from "./embeds.ts";
import { findMainContent, MAX_SEARCHED } from "./find-content.ts";
import { attribute, bodyOf, element, find, plainText } from "./html-tree.ts";
import { resolveImages } from "./images.ts";
import { repairLists } from "./lists.ts";
import { normalizeMath } from "./math.ts";
import { type ParsedPage, parseHtml } from "./parse-html.ts";
import { prepareTables } from "./tables.ts";
import { countWords } from "./words.ts";

export interface Page {
  readonly title: string | null;
  readonly byline: string | null;
  readonly excerpt: string | null;
  readonly siteName: string | null;
  readonly publishedTime: string | null;
  readonly language: string | null;
  readonly links: Link[];
  readonly wordCount: number;
  readonly isMainContent: boolean;
  readonly body: Element;
}

/** A page that has only "Loading…" has fewer words than this in its main element. */
const MIN_WORDS = 20;
const NOT_SHOWN: ReadonlySet<string> = new Set(["script", "style", "noscript", "template", "head"]);

interface Source {
  readonly html: string;
  readonly url: string | null;
  /** Browsers show a plain text with its lines, like a `<pre>`. */
  readonly isPlainText?: boolean;
}

interface ReadOptions {
  readonly mainContentOnly: boolean;
  /** Begins an error. */
  readonly field: string;
  readonly warn: (message: string) => void;
}

/** Finds the content of a page. Makes relative links absolute if the URL of the page is known. */
export async function readPage(source: Source, options: ReadOptions): Promise<Page> {
  const { page, elements } = source.isPlainText
    ? plainPage(source.html)
    : parseHtml(source.html, options.field);
  assemblePage(page);
  await normalizeMath(page);
  const blocks = normalizeCode(page);
  resolveImages(page);
  const base = baseOf(page, source.url);
  const isSearched = options.mainContentOnly && !source.isPlainText && elements <= MAX_SEARCHED;
  if (options.mainContentOnly && elements > MAX_SEARCHED) {
    options.warn(
      `The page has ${elements} elements. The main content is searched in pages with at most ${MAX_SEARCHED}, so the whole page was converted.`,
    );
  }
  const showCode = hideCode(isSearched ? blocks : []);
  const main = isSearched ? await findMainContent(page, base) : null;
  if (main) showCode(main.body);
  const isMainContent = main !== null && countWords(toText(main.body)) >= MIN_WORDS;
  if (!isMainContent) showCode(page);
  const body = isMainContent ? main.body : bodyOf(page);
  removeHidden(body);
  linkEmbeds(body);
  resolveAddresses(body, base);
  repairLists(body);
  prepareTables(body);
  const html = find(page, ({ tagName }) => tagName === "html");
  return {
    title: orNull(main?.title) ?? textOf(page, "title"),
    byline: orNull(main?.byline),
    excerpt: orNull(main?.excerpt) ?? metaOf(page, "description") ?? firstParagraph(main?.body),
    siteName: orNull(main?.siteName),
    publishedTime: orNull(main?.publishedTime),
    language: orNull(html?.properties["lang"]) ?? orNull(main?.language),
    links: linksOf(body),
    wordCount: countWords(toText(body)),
    isMainContent,
    body,
  };
}

function plainPage(value: string): ParsedPage {
  const pre = element("pre", {}, [{ type: "text", value }]);
  const html = element("html", {}, [element("body", {}, [pre])]);
  return { page: { type: "root", children: [html] }, elements: 3 };
}

function baseOf(page: Root, url: string | null): string | null {
  const base = find(page, ({ tagName, properties }) => tagName === "base" && "href" in properties);
  return resolveUrl(base ? attribute(base, "href") : "", url) ?? url;
}

function removeHidden(body: Element): void {
  visit(body, (node, index, parent) => {
    const isHidden =
      node.type === "comment" || (node.type === "element" && NOT_SHOWN.has(node.tagName));
    if (!isHidden || !parent || index === undefined) return undefined;
    parent.children.splice(index, 1);
    return index;
  });
}

function textOf(page: Root, name: string): string | null {
  const node = find(page, ({ tagName }) => tagName === name);
  return node && orNull(plainText(node));
}

function firstParagraph(body: Element | undefined): string | null {
  const paragraph =
    body && find(body, (node) => node.tagName === "p" && plainText(node).trim() !== "");
  return paragraph ? orNull(plainText(paragraph)) : null;
}

function metaOf(page: Root, name: string): string | null {
  const meta = find(page, (node) => node.tagName === "meta" && node.properties["name"] === name);
  return orNull(meta?.properties["content"]);
}

function orNull(text: unknown): string | null {
  const clean = typeof text === "string" ? text.replaceAll(/\s+/g, " ").trim() : "";
  return clean === "" ? null : clean;
}
