/**
 * Makes each formula `<math data-latex="…">` with its TeX as text, which Defuddle and Markdown know.
 * Pages have it as MathML, in a script for MathJax, or as an image with the TeX as its text, and
 * often next to the formula as it is drawn.
 */
import type { Element, Nodes, Parents, Root } from "hast";
import { toHtml } from "hast-util-to-html";
import { SKIP, visitParents } from "unist-util-visit-parents";
import { attribute, classesOf, element, find, isElement, plainText } from "./html-tree.ts";

const DRAWN = /^(?:MathJax|MathJax_.*|MJX.*|mathjax-svg)$/;
const WRAPPER = /^(?:katex|mwe-math-element|temml)$/;
const IMAGE = /^(?:latex|tex|mwe-math-fallback-image-(?:inline|display))$/;

export async function normalizeMath(tree: Root | Element): Promise<void> {
  const isMath = (node: Element) => formula(node) !== null || isDrawn(node);
  if (!find(tree, isMath)) return;
  const { MathMLToLaTeX } = await import("mathml-to-latex");
  visitParents(tree, "element", (node, ancestors) => {
    const parent = ancestors.at(-1);
    const found = formula(node);
    if (!found || !parent) return undefined;
    const tex =
      found.tex ?? fromMathMl(found.mathml ?? "", (mathml) => MathMLToLaTeX.convert(mathml));
    if (tex === "") return undefined;
    const display = ancestors.findIndex((around) => isDisplay(around));
    const isBlock = found.isBlock || display !== -1;
    // Defuddle would look for the formula in what is drawn around it.
    const [holder, shown] =
      display > 0 ? [ancestors[display - 1]!, ancestors[display]!] : [parent, node];
    const siblings = holder.children as Nodes[];
    const index = siblings.indexOf(shown);
    if (index === -1) return SKIP;
    const start = node.tagName === "script" ? withDrawn(holder, index) : index;
    siblings.splice(start, index - start + 1, mathElement(tex, isBlock));
    if (holder !== parent) return SKIP;
    return [SKIP, start + 1] as const;
  });
}

function mathElement(tex: string, isBlock: boolean): Element {
  const written = { dataLatex: tex, display: isBlock ? "block" : "inline" };
  return element("math", written, [{ type: "text", value: tex }]);
}

interface Formula {
  readonly tex?: string;
  readonly mathml?: string;
  readonly isBlock: boolean;
}

/** Returns the formula of an element that stands for a whole one, or null. */
function formula(node: Element): Formula | null {
  const { tagName } = node;
  const type = attribute(node, "type");
  if (tagName === "script" && type.startsWith("math/tex")) {
    return { tex: clean(plainText(node)), isBlock: /mode=display/.test(type) };
  }
  if (tagName === "script" && type.startsWith("math/mml")) {
    return { mathml: plainText(node), isBlock: false };
  }
  if (tagName === "math") return ofMathMl(node);
  const isWrapper =
    tagName === "mjx-container" || classesOf(node).some((name) => WRAPPER.test(name));
  const math = isWrapper ? find(node, (child) => child.tagName === "math") : null;
  const isBlock = isDisplay(node);
  if (math) {
    const inner = ofMathMl(math);
    return { ...inner, isBlock: isBlock || inner.isBlock };
  }
  const latex = attribute(node, "dataLatex") || attribute(node, "dataTex");
  if (isWrapper && latex !== "") return { tex: clean(latex), isBlock };
  const drawn = attribute(node, "dataMathml");
  if (drawn !== "") return { mathml: drawn, isBlock };
  if (tagName === "img" && classesOf(node).some((name) => IMAGE.test(name))) {
    return { tex: clean(attribute(node, "alt")), isBlock: false };
  }
  return null;
}

function ofMathMl(math: Element): Formula {
  const isBlock = attribute(math, "display") === "block";
  const annotation = find(
    math,
    (node) => node.tagName === "annotation" && /tex/i.test(attribute(node, "encoding")),
  );
  const given = attribute(math, "dataLatex") || attribute(math, "alttext");
  const tex = clean(annotation ? plainText(annotation) : given);
  return tex === "" ? { mathml: toHtml(math), isBlock } : { tex, isBlock };
}

/** Removes what Wikipedia puts around each formula. */
function clean(tex: string): string {
  const text = tex.replace(/^\s*%\s*<!\[CDATA\[\s*|\s*%\s*\]\]>\s*$/g, "").trim();
  return /^\{\\(?:display|text)style\s([\s\S]*)\}$/.exec(text)?.[1]?.trim() ?? text;
}

function fromMathMl(mathml: string, convert: (mathml: string) => string): string {
  try {
    return convert(mathml).trim();
  } catch {
    return "";
  }
}

function isDisplay(node: Parents): boolean {
  if (!isElement(node)) return false;
  if (node.tagName === "mjx-container") return attribute(node, "display") === "true";
  return classesOf(node).some((name) =>
    /^(?:katex-display|MathJax_Display|MathJax_SVG_Display)$/.test(name),
  );
}

/** Returns where the drawn formula before a script begins. */
function withDrawn(parent: Parents, index: number): number {
  let start = index;
  for (let at = index - 1; at >= 0; at--) {
    const node: Nodes = parent.children[at]!;
    if (isElement(node) && isDrawn(node)) start = at;
    else if (node.type !== "text" || node.value.trim() !== "") break;
  }
  return start;
}

function isDrawn(node: Element): boolean {
  return classesOf(node).some((name) => DRAWN.test(name));
}

/** Returns the TeX of a formula that `normalizeMath` made. */
export function texOf(node: Element): string | null {
  return attribute(node, "dataLatex") || null;
}
