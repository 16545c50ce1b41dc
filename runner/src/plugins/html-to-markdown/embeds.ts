import type { Element, Root } from "hast";
import { visit } from "unist-util-visit";
import { attribute, element, find, plainText } from "./html-tree.ts";

const MEDIA: ReadonlySet<string> = new Set(["iframe", "video", "audio", "embed", "object"]);

/** Replaces what a page embeds by a link to it. */
export function linkEmbeds(tree: Root | Element): void {
  visit(tree, "element", (node, index, parent) => {
    if (!MEDIA.has(node.tagName) || !parent || index === undefined) return;
    const source = addressOf(node);
    if (source === "") return;
    const text = (attribute(node, "title") || attribute(node, "ariaLabel")).trim() || source;
    const link = element("a", { href: source }, [{ type: "text", value: text }]);
    parent.children.splice(index, 1, element("p", {}, [link]));
  });
}

function addressOf(node: Element): string {
  const written = ["src", "dataSrc", "data"].map((name) => attribute(node, name));
  const own = written.find((address) => isShown(address));
  if (own !== undefined) return own;
  // The text in an <object> is shown when the object cannot be, so it is kept.
  if (node.tagName === "object" || (node.tagName === "iframe" && plainText(node) !== "")) return "";
  const file = find(node, ({ tagName }) => tagName === "source");
  return file ? attribute(file, "src") : "";
}

function isShown(address: string): boolean {
  return address.trim() !== "" && !/^\s*(?:about|javascript|data|blob):/i.test(address);
}
