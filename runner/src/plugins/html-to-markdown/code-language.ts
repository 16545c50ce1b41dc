import type { Element } from "hast";
import { attribute, classesOf } from "./html-tree.ts";

/** Names that count without a prefix, as in `class="sourceCode python"` or `<pre lang="go">`. */
const KNOWN: ReadonlySet<string> = new Set(
  "bash c clojure cmake coffeescript console cpp cs csharp css cxx dart diff docker dockerfile elixir elm erlang fish fortran fsharp go golang graphql groovy haskell hcl html http ini java javascript jinja js json json5 jsonc jsx julia kotlin kt latex less lisp lua make makefile markdown matlab md mermaid mysql nginx nim nix objectivec ocaml perl php plsql postgresql powershell prolog protobuf ps1 py python r rb ruby rs rust sass scala scheme scss sh shell shell-session sql svelte swift tcl terraform tex toml ts tsx typescript vb verilog vhdl vim vue wasm xml yaml yml zig zsh".split(
    " ",
  ),
);
const NONE = /^(?:none|default|nohighlight|no-highlight|undefined|unknown|null|auto)$/i;
const PREFIXED =
  /^(?:language|lang|highlight-source|highlight-text|highlight|code|brush|syntax|src)[-:_]([\w+#.-]+)$/i;

/** Returns the language that a code block names. `nodes` are the code, its `pre` and what is around them. */
export function codeLanguage(nodes: readonly Element[]): string | null {
  for (const node of nodes) {
    const found = named(node);
    if (found !== null) return NONE.test(found) ? null : found;
  }
  return null;
}

/** Returns a text in lower case if it is the name of a language. */
export function knownLanguage(text: string): string | null {
  return KNOWN.has(text.toLowerCase()) ? text.toLowerCase() : null;
}

function named(node: Element): string | null {
  for (const name of ["dataLang", "dataLanguage", "dataCodeLanguage", "dataSyntax", "language"]) {
    const value = attribute(node, name);
    if (/^[\w+#.-]+$/.test(value)) return value;
  }
  const classes = classesOf(node);
  const brush = /\bbrush:\s*([\w+#.-]+)/.exec(classes.join(" "))?.[1];
  if (brush !== undefined) return brush;
  for (const name of classes) {
    const language = PREFIXED.exec(name)?.[1];
    if (language === undefined) continue;
    if (/^(?:language|lang)/i.test(name) || /^highlight-(?:source|text)-/.test(name)) {
      return language.replace(/^html-basic$/, "html");
    }
    if (KNOWN.has(language.toLowerCase())) return language;
  }
  const lang = node.tagName === "pre" ? attribute(node, "lang") : "";
  return [...classes, lang].find((name) => KNOWN.has(name.toLowerCase())) ?? null;
}
