import type { XmlHandlers } from "../xml-stream.ts";

/** Together with the rows, this fits into a plugin thread of 512 MB. */
const MAX_CHARACTERS = 64_000_000;

/** Collects the texts that cells refer to by number. */
export function createStringsReader(field: string): XmlHandlers & { readonly list: string[] } {
  const list: string[] = [];
  const text = createTextReader();
  let characters = 0;
  return {
    list,
    open(name) {
      if (name === "si") text.clear();
      text.open(name);
    },
    text: (piece) => text.add(piece),
    close(name) {
      text.close(name);
      if (name !== "si") return;
      const read = text.read();
      characters += read.length + 16;
      if (characters > MAX_CHARACTERS) {
        throw new Error(
          `${field}: the texts of the workbook have more than ${MAX_CHARACTERS} characters. Split the workbook`,
        );
      }
      list.push(read);
    },
  };
}

/** Joins the runs of a rich text, without the phonetic text that East Asian cells show above it. */
export function createTextReader() {
  let text = "";
  let isText = false;
  let isPhonetic = false;
  return {
    clear() {
      text = "";
    },
    open(name: string) {
      if (name === "rPh") isPhonetic = true;
      if (name === "t") isText = !isPhonetic;
    },
    add(piece: string) {
      if (isText) text += piece;
    },
    close(name: string) {
      if (name === "rPh") isPhonetic = false;
      if (name === "t") isText = false;
    },
    read: () => unescapeText(text),
  };
}

/** `_x000D_` stands for a character that XML does not have. */
export function unescapeText(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
