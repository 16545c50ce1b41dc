/** Gives each image the address that a browser would load: pages load images late, or by width. */
import type { Element, Root } from "hast";
import { visit } from "unist-util-visit";
import { all, attribute, element, find, isElement, plainText } from "./html-tree.ts";
import { parseHtml } from "./parse-html.ts";

const LATE = [
  "dataSrc",
  "dataOriginal",
  "dataLazySrc",
  "dataLazy",
  "dataUrl",
  "dataImage",
  "dataFullSrc",
  "dataActualsrc",
];
const LATE_SETS = ["dataSrcSet", "dataSrcset", "dataLazySrcset"];
const PLACEHOLDER =
  /^\s*(?:data:|about:|$)|(?:^|\/)(?:blank|spacer|placeholder|pixel|1x1|loading)\.(?:gif|png|svg|jpg)(?:$|[?#])/i;

export function resolveImages(tree: Root | Element): void {
  visit(tree, "element", (node, index, parent) => {
    if (!parent || index === undefined) return;
    if (node.tagName === "noscript" && plainText(node).includes("<img")) {
      showNoscriptImage(node, parent, index);
    }
    if (node.tagName !== "img") return;
    const sources = isElement(parent, "picture") ? all(parent, "source") : [];
    const found = addressOf(node) ?? sources.map((source) => addressOf(source)).find(Boolean);
    if (found) node.properties["src"] = found;
  });
}

/** Returns the best address of an image, or null if it has only a placeholder. */
function addressOf(node: Element): string | null {
  const texts = (names: string[]) =>
    names.map((name) => attribute(node, name).trim()).filter((text) => !PLACEHOLDER.test(text));
  const [late] = [...texts(LATE), ...texts(LATE_SETS).map((set) => largest(set))];
  if (late) return late;
  const written = attribute(node, "src");
  if (node.tagName === "img" && !PLACEHOLDER.test(written)) return null;
  return largest(attribute(node, "srcSet")) || null;
}

/** Returns the address of the largest image of a `srcset`. Addresses can contain commas. */
function largest(set: string): string {
  let best = { url: "", size: -1 };
  for (const [, url = "", size = "1"] of set.matchAll(
    /([^\s,]\S*[^\s,])(?:\s+([\d.]+)[wx])?\s*(?:,|$)/g,
  )) {
    if (Number(size) > best.size && !PLACEHOLDER.test(url)) best = { url, size: Number(size) };
  }
  return best.url;
}

/** Shows the image that a page has for browsers without scripts, in place of an empty one before it. */
function showNoscriptImage(
  noscript: Element,
  parent: Root | Element | { children: unknown[] },
  index: number,
): void {
  // Browsers with scripts, and the parser, read what is in it as text.
  const { page } = parseHtml(plainText(noscript), "noscript");
  const image = find(page, ({ tagName }) => tagName === "img");
  if (!image) return;
  const siblings = parent.children as Element[];
  const before = siblings.slice(0, index).findLast((node) => isElement(node));
  const placeholder =
    before &&
    (before.tagName === "img" ? before : find(before, ({ tagName }) => tagName === "img"));
  const isEmpty = placeholder && PLACEHOLDER.test(attribute(placeholder, "src"));
  if (isEmpty) Object.assign(placeholder.properties, image.properties);
  siblings[index] = isEmpty || placeholder ? element("noscript") : image;
}
