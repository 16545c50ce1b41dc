import type { Element, Root } from "hast";
import { attribute } from "./html-tree.ts";
import { visit } from "unist-util-visit";
import { toText } from "hast-util-to-text";

const LINK_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:", "mailto:", "tel:"]);
const IMAGE_PROTOCOLS: ReadonlySet<string> = new Set(["http:", "https:"]);
/** Makes a relative address a whole one. Its protocol is one of those that are allowed. */
const ANY_BASE = "https://page.invalid/";

/**
 * Makes addresses absolute, and removes those that can run a script or contain a document: the
 * Markdown is shown elsewhere. An address is parsed as browsers do, because they read
 * `java\nscript:` as `javascript:`.
 */
export function resolveAddresses(tree: Root | Element, base: string | null): void {
  visit(tree, "element", (node) => {
    const [name, allowed] =
      node.tagName === "img"
        ? (["src", IMAGE_PROTOCOLS] as const)
        : (["href", LINK_PROTOCOLS] as const);
    const written = attribute(node, name).trim();
    if (written === "") return;
    const url = resolveUrl(written, base ?? ANY_BASE);
    if (url === null || !allowed.has(new URL(url).protocol)) delete node.properties[name];
    else node.properties[name] = resolveUrl(written, base) ?? written;
  });
}

export function resolveUrl(written: string, base: string | null): string | null {
  return URL.parse(written, base ?? undefined)?.href ?? null;
}

export interface Link {
  readonly text: string;
  readonly url: string;
}

/** Returns the links in their order, without duplicate targets and links within the page. */
export function linksOf(tree: Root | Element): Link[] {
  const links = new Map<string, Link>();
  visit(tree, "element", (node) => {
    const url = node.tagName === "a" ? attribute(node, "href") : "";
    if (url === "" || url.startsWith("#") || links.has(url)) return;
    links.set(url, { text: toText(node).replaceAll(/\s+/g, " ").trim(), url });
  });
  return [...links.values()];
}
