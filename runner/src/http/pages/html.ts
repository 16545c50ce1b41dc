/** Trusted markup. The `html` tag escapes every value that is not `Html`. */
export interface Html {
  readonly markup: string;
}

type Hole = string | number | Html | readonly Html[] | null;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function toMarkup(hole: Hole): string {
  if (hole === null) return "";
  if (typeof hole === "string" || typeof hole === "number") {
    return String(hole).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  }
  return "markup" in hole ? hole.markup : hole.map((part) => part.markup).join("");
}

export function html(parts: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  return {
    markup: parts
      .map((part, at) => part + (at < holes.length ? toMarkup(holes[at] ?? null) : ""))
      .join(""),
  };
}

/** Renders text with `code` in backticks and paragraphs between empty lines. */
export function prose(text: string | undefined): Html | null {
  if (text === undefined || text === "") return null;
  return html`${text.split("\n\n").map((paragraph) => html`<p>${withCode(paragraph)}</p>`)}`;
}

/** Renders text with `code` in backticks. */
export function withCode(text: string): Html {
  const pieces = text
    .split("`")
    .map((piece, at) => (at % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));
  return html`${pieces}`;
}

export function json(value: unknown): Html {
  return html`<pre><code>${JSON.stringify(value, null, 2)}</code></pre>`;
}
