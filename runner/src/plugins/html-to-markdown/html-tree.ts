import type { Element, ElementContent, Nodes, Root } from "hast";

type Test = (node: Element) => boolean;

export function element(
  tagName: string,
  properties: Element["properties"] = {},
  children: ElementContent[] = [],
): Element {
  return { type: "element", tagName, properties, children };
}

export function isElement(node: Nodes | undefined, ...names: string[]): node is Element {
  return node?.type === "element" && (names.length === 0 || names.includes(node.tagName));
}

/** Returns an attribute by its name in `hast`, or "" if the element does not have it. */
export function attribute({ properties }: Element, name: string): string {
  const value = properties[name] ?? "";
  return Array.isArray(value) ? value.join(" ") : `${value}`;
}

export function classesOf({ properties }: Element): string[] {
  const { className } = properties;
  return Array.isArray(className) ? className.map(String) : [];
}

export function plainText(node: Nodes): string {
  if (node.type === "text") return node.value;
  return "children" in node ? node.children.map((child) => plainText(child)).join("") : "";
}

/** Returns the first element in a node, in the order of the page, that passes the test. */
export function find(node: Element | Root, test: Test): Element | null {
  const open: Nodes[] = node.children.toReversed();
  for (let child = open.pop(); child; child = open.pop()) {
    if (!isElement(child)) continue;
    if (test(child)) return child;
    open.push(...child.children.toReversed());
  }
  return null;
}

/** Returns the elements of a name in a node, without those that are in one of them. */
export function all(node: Element, tagName: string): Element[] {
  return node.children.flatMap((child) => {
    if (!isElement(child)) return [];
    return child.tagName === tagName ? [child] : all(child, tagName);
  });
}

/** Returns the body of a page, or the frameset that it has instead. */
export function bodyOf(page: Root): Element {
  const html = page.children.find((node) => isElement(node, "html"));
  const body = isElement(html) && html.children.find((node) => isElement(node, "body", "frameset"));
  return isElement(body || undefined) ? (body as Element) : element("body");
}
