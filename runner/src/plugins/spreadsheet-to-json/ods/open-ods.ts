import type { Area, SheetInfo, Workbook } from "../workbook.ts";
import { parseXml, type XmlHandlers } from "../xml-stream.ts";
import { MAX_SHEET_BYTES, type ZipParts } from "../zip-parts.ts";
import { createContentReader } from "./content.ts";

interface OpenOptions {
  readonly parts: ZipParts;
  readonly field: string;
  readonly signal: AbortSignal;
}

const MAX_MANIFEST_BYTES = 16 << 20;

/** All sheets are in one part, so that the list of sheets needs a pass of its own. */
export async function openOds({ parts, field, signal }: OpenOptions): Promise<Workbook> {
  const read = async (name: string, handlers: XmlHandlers, maxBytes: number) =>
    parseXml(await parts.open(name, maxBytes), handlers, { field, signal });
  if (parts.has("META-INF/manifest.xml")) {
    await read("META-INF/manifest.xml", refuseEncrypted(field), MAX_MANIFEST_BYTES);
  }
  const sheets: (SheetInfo & { merges: Area[] })[] = [];
  const list = createContentReader({ field, onSheet: (sheet) => sheets.push(sheet) });
  await read("content.xml", list, MAX_SHEET_BYTES);
  return {
    format: "ods",
    sheets: sheets.map(({ name, hidden }) => ({ name, hidden })),
    async readRows(sheet, consumer) {
      const reader = createContentReader({ field, rowsOf: { sheet, consumer } });
      await read("content.xml", reader, MAX_SHEET_BYTES);
    },
    readMerges: (sheet) => Promise.resolve(sheets[sheet]?.merges ?? []),
    close: () => parts.close(),
  };
}

function refuseEncrypted(field: string): XmlHandlers {
  return {
    open(name) {
      if (name !== "encryption-data") return;
      throw new Error(
        `${field}: the workbook is protected with a password. Save it without a password`,
      );
    },
    close() {},
  };
}
