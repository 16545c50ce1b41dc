import type { Break, Delete, Emphasis, Nodes, PhrasingContent, Strong, Text } from "mdast";

type Mark = Delete | Emphasis | Strong;

/**
 * Moves spaces and line breaks at the edges of bold and other text out of it, as in
 * `<b>Price: </b>5`. Markdown has no such edges: they would become character references.
 */
export function moveSpacesOut(node: Nodes): void {
  if (!("children" in node)) return;
  for (const child of node.children) moveSpacesOut(child);
  const given: Nodes[] = node.children;
  const children = given.flatMap<Nodes>((child) => (isMark(child) ? withoutEdges(child) : [child]));
  const isBlock = node.type === "paragraph" || node.type === "root";
  if (isBlock) while (children.at(-1)?.type === "break") children.pop();
  node.children = children as never;
}

function isMark(node: Nodes): node is Mark {
  if (node.type === "emphasis") return node.data?.tag === undefined;
  return node.type === "strong" || node.type === "delete";
}

function withoutEdges(mark: Mark): PhrasingContent[] {
  const before = takeEdge(mark.children, 0);
  const after = takeEdge(mark.children, -1).toReversed();
  return [...before, ...(mark.children.length > 0 ? [mark] : []), ...after];
}

/** Removes the spaces and line breaks at one end. */
function takeEdge(children: PhrasingContent[], end: 0 | -1): (Break | Text)[] {
  const taken: (Break | Text)[] = [];
  for (let node = children.at(end); node !== undefined; node = children.at(end)) {
    if (node.type === "break") taken.push(node);
    else {
      if (node.type !== "text") break;
      const rest = end === 0 ? node.value.trimStart() : node.value.trimEnd();
      const space = end === 0 ? node.value.slice(0, -rest.length) : node.value.slice(rest.length);
      if (rest !== "") {
        if (space !== "") taken.push({ type: "text", value: space });
        node.value = rest;
        break;
      }
      taken.push(node);
    }
    children.splice(end, 1);
  }
  return taken;
}
