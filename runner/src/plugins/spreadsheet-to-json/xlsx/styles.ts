import { builtInKind, formatKind, type FormatKind } from "../number-format.ts";
import type { XmlHandlers } from "../xml-stream.ts";

/** Collects what the numbers of each cell style are. */
export function createStylesReader(): XmlHandlers & { readonly kinds: FormatKind[] } {
  const formats = new Map<number, FormatKind>();
  const kinds: FormatKind[] = [];
  let isCellStyle = false;
  return {
    kinds,
    open(name, attributes) {
      if (name === "numFmt") {
        formats.set(Number(attributes["numFmtId"]), formatKind(attributes["formatCode"] ?? ""));
      }
      if (name === "cellXfs") isCellStyle = true;
      if (name === "xf" && isCellStyle) {
        const id = Number(attributes["numFmtId"] ?? 0);
        kinds.push(formats.get(id) ?? builtInKind(id));
      }
    },
    close(name) {
      if (name === "cellXfs") isCellStyle = false;
    },
  };
}
