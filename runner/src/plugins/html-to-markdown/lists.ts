import type { Element, ElementContent, Root } from "hast";
import { SKIP, visit } from "unist-util-visit";
import { element, isElement } from "./html-tree.ts";

/** Puts lists into the item before them, where editors mean them, and checkboxes first in theirs. */
export function repairLists(tree: Root | Element): void {
  visit(tree, "element", (node, index, parent) => {
    if (node.tagName === "li") hoistCheckbox(node);
    if (!isList(node) || !isList(parent) || index === undefined) return undefined;
    const before = parent.children.slice(0, index).findLast((child) => isElement(child));
    if (before) {
      parent.children.splice(index, 1);
      before.children.push(node);
      return [SKIP, index];
    }
    parent.children[index] = element("li", {}, [node]);
    return undefined;
  });
}

function isList(node: unknown): node is Element {
  return isElement(node as Element, "ul", "ol", "menu");
}

function hoistCheckbox(item: Element): void {
  let holder: Element = item;
  for (;;) {
    const first: ElementContent | undefined = holder.children.find(
      (child) => child.type !== "text" || child.value.trim() !== "",
    );
    if (first?.type === "element" && /^(?:label|span|div|p)$/.test(first.tagName)) {
      holder = first;
      continue;
    }
    if (first?.type !== "element" || first.properties["type"] !== "checkbox") return;
    holder.children = holder.children.filter((child) => child !== first);
    item.children.unshift(first);
    return;
  }
}
