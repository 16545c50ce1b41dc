import type { Element } from "hast";
import { defaultHandlers, toMdast, type Handle } from "hast-util-to-mdast";
import type { Emphasis, Parents, PhrasingContent, Root } from "mdast";
import { gfmFromMarkdown, gfmToMarkdown } from "mdast-util-gfm";
import { mathToMarkdown } from "mdast-util-math";
import { toMarkdown as write } from "mdast-util-to-markdown";
import { SKIP, visit } from "unist-util-visit";
import { plainText } from "./html-tree.ts";
import { texOf } from "./math.ts";
import { moveSpacesOut } from "./move-spaces.ts";

declare module "mdast" {
  interface EmphasisData {
    /** The name of an element that Markdown has only as HTML. */
    tag?: string;
  }
}

interface MarkdownOptions {
  readonly images: boolean;
  readonly links: boolean;
}

/** Converts HTML to GitHub-flavoured Markdown. */
export function toMarkdown(body: Element, options: MarkdownOptions): string {
  const handlers = { ...HANDLERS };
  if (!options.images) handlers["img"] = () => undefined;
  if (!options.links) handlers["a"] = (state, node) => state.all(node);
  const tree = toMdast({ type: "root", children: body.children }, { handlers }) as Root;
  moveSpacesOut(tree);
  finish(tree);
  // Bare addresses in the text become links, because a backslash in them would break them.
  for (const { transforms } of gfmFromMarkdown()) for (const run of transforms ?? []) run(tree);
  const extensions = [gfm, mathToMarkdown(), { handlers: { table } }];
  return write(tree, { bullet: "-", rule: "-", emphasis: "*", extensions }).trim();
}

const gfm = gfmToMarkdown({ tablePipeAlign: false });
const writeTable = gfm.extensions?.find(({ handlers }) => handlers?.table)?.handlers?.table;

/** Some readers need three dashes in each column of the row below the header. */
function table(...given: Parameters<NonNullable<typeof writeTable>>): string {
  const [head, rule, ...rows] = writeTable!(...given).split("\n");
  return [head, rule!.replaceAll("-", "---"), ...rows].join("\n");
}

const HANDLERS: Record<string, Handle> = {
  a: (state, node) => {
    if (!node.properties["href"]) return state.all(node);
    const content = state.all(node);
    return content.length === 0 ? undefined : defaultHandlers.a(state, node);
  },
  math: (_state, node) => {
    const value = texOf(node);
    if (value === null) return undefined;
    return node.properties["display"] === "block"
      ? { type: "math", value }
      : { type: "inlineMath", value };
  },
  img: (state, node) => (node.properties["src"] ? defaultHandlers.img(state, node) : undefined),
  br: (state, node) =>
    node.properties["dataKeep"] ? tagged("br", []) : defaultHandlers.br(state, node),
  // `toMdast` joins spaces except these.
  code: (state, node) => {
    if (plainText(node).trim() === "") return undefined;
    return node.properties["dataKeep"]
      ? { type: "inlineCode", value: plainText(node).replaceAll("\u00a0", " ") }
      : defaultHandlers.code(state, node);
  },
  rp: () => undefined,
  rt: (state, node) => [
    { type: "text", value: "(" },
    ...state.all(node),
    { type: "text", value: ")" },
  ],
  sub: (state, node) => tagged("sub", state.all(node) as PhrasingContent[]),
  sup: (state, node) => tagged("sup", state.all(node) as PhrasingContent[]),
  // Elements whose content `hast-util-to-mdast` drops.
  caption: defaultHandlers.p,
  dialog: defaultHandlers.div,
  menu: defaultHandlers.ul,
  noembed: (state, node) => state.all(node),
};

/** Marks an element that Markdown has only as HTML. Emphasis can stand where it can. */
function tagged(tag: string, children: PhrasingContent[]): Emphasis {
  return { type: "emphasis", children, data: { tag } };
}

/** Writes marked elements as HTML, and headings and cells as one line. */
function finish(tree: Root): void {
  visit(tree, (node, index, parent) => {
    if (node.type === "emphasis" && parent && index !== undefined) {
      const tag = node.data?.tag;
      if (tag === undefined) return undefined;
      const html = (value: string) => ({ type: "html" as const, value });
      const written =
        tag === "br" ? [html("<br>")] : [html(`<${tag}>`), ...node.children, html(`</${tag}>`)];
      const shown = tag === "br" || node.children.length > 0 ? written : [];
      parent.children.splice(index, 1, ...(shown as never[]));
      return [SKIP, tag === "br" ? index + 1 : index];
    }
    if (node.type === "heading" && node.children.length === 0 && parent && index !== undefined) {
      parent.children.splice(index, 1);
      return index;
    }
    if (node.type === "heading" || node.type === "tableCell") oneLine(node);
    return undefined;
  });
}

function oneLine(node: Parents): void {
  visit(node, "break", (_break, index, parent) => {
    if (parent && index !== undefined) parent.children[index] = { type: "text", value: " " };
  });
}
