import type { Attributes } from "../xml-stream.ts";

const MAX_SPACES = 10_000;
const MAX_TEXT = 1_000_000;

/** Collects the text of a cell. Its paragraphs are lines. Notes are left out. */
export function createParagraphReader() {
  let text = "";
  let paragraphs = 0;
  let isParagraph = false;
  let notes = 0;
  const append = (piece: string): void => {
    if (isParagraph && notes === 0 && text.length < MAX_TEXT) text += piece;
  };
  return {
    clear() {
      text = "";
      paragraphs = 0;
    },
    open(name: string, attributes: Attributes) {
      if (name === "annotation") notes += 1;
      if (notes > 0) return;
      if (name === "p") {
        isParagraph = true;
        if (paragraphs > 0) append("\n");
        paragraphs += 1;
      } else if (name === "s") {
        const count = Number(attributes["text:c"] ?? 1);
        append(" ".repeat(count >= 1 && count <= MAX_SPACES ? count : 1));
      } else if (name === "tab") append("\t");
      else if (name === "line-break") append("\n");
    },
    add: append,
    close(name: string) {
      if (name === "annotation") notes -= 1;
      else if (name === "p" && notes === 0) isParagraph = false;
    },
    read: () => text,
  };
}
