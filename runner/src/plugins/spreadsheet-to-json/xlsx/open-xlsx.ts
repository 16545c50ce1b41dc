import type { Area, SheetInfo, Workbook } from "../workbook.ts";
import { MAX_PART_BYTES, MAX_SHEET_BYTES, damaged, type ZipParts } from "../zip-parts.ts";
import { parseXml, type XmlHandlers } from "../xml-stream.ts";
import { createMergeReader, createSheetReader } from "./sheet.ts";
import { createStringsReader } from "./shared-strings.ts";
import { createStylesReader } from "./styles.ts";

interface OpenOptions {
  readonly parts: ZipParts;
  readonly field: string;
  readonly signal: AbortSignal;
}

/** Relationship types end in the same word in the transitional and the strict standard. */
const type = (name: string): RegExp => new RegExp(`/${name}$`);

export async function openXlsx({ parts, field, signal }: OpenOptions): Promise<Workbook> {
  const read = async (name: string, handlers: XmlHandlers, maxBytes = MAX_PART_BYTES) =>
    parseXml(await parts.open(name, maxBytes), handlers, { field, signal });
  const root = await readRelations(read, "_rels/.rels", "");
  const path = root.find((relation) => type("officeDocument").test(relation.type))?.target;
  if (!path) throw damaged(field, new Error("it names no workbook part"));
  if (path.endsWith(".bin")) {
    throw new Error(
      `${field}: it is a binary workbook (xlsb), which is not read. Save it as xlsx or ods`,
    );
  }
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const relations = await readRelations(
    read,
    `${folder}_rels/${path.slice(folder.length)}.rels`,
    folder,
  );
  const { sheets, uses1904 } = await readSheetList(read, path);
  const paths = sheets.map(({ relation }) => relations.find(({ id }) => id === relation)?.target);
  const partOf = (name: string): string | undefined =>
    relations.find((relation) => type(name).test(relation.type) && parts.has(relation.target))
      ?.target;
  const sheetPath = (sheet: number): string => {
    const found = paths[sheet];
    if (!found) throw damaged(field, new Error(`sheet ${sheets[sheet]?.name} has no part`));
    return found;
  };
  return {
    format: "xlsx",
    sheets: sheets.map(({ name, hidden }) => ({ name, hidden })),
    async readRows(sheet, consumer) {
      const strings = createStringsReader(field);
      const styles = createStylesReader();
      const [stringsPart, stylesPart] = [partOf("sharedStrings"), partOf("styles")];
      if (stringsPart) await read(stringsPart, strings);
      if (stylesPart) await read(stylesPart, styles);
      const reader = createSheetReader({
        strings: strings.list,
        kinds: styles.kinds,
        uses1904,
        consumer,
        field,
      });
      await read(sheetPath(sheet), reader, MAX_SHEET_BYTES);
    },
    async readMerges(sheet) {
      const merges: Area[] = [];
      await read(sheetPath(sheet), createMergeReader(merges), MAX_SHEET_BYTES);
      return merges;
    },
    close: () => parts.close(),
  };
}

type Read = (name: string, handlers: XmlHandlers) => Promise<void>;

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

async function readRelations(read: Read, name: string, folder: string): Promise<Relation[]> {
  const relations: Relation[] = [];
  await read(name, {
    open(tag, { Id = "", Type = "", Target = "" }) {
      if (tag !== "Relationship") return;
      const url = new URL(Target, `file:///${folder}`);
      relations.push({ id: Id, type: Type, target: decodeURIComponent(url.pathname.slice(1)) });
    },
    close() {},
  });
  return relations;
}

async function readSheetList(read: Read, path: string) {
  const sheets: (SheetInfo & { relation: string })[] = [];
  let uses1904 = false;
  await read(path, {
    open(tag, attributes) {
      if (tag === "workbookPr") uses1904 = /^(1|true)$/.test(attributes["date1904"] ?? "");
      if (tag !== "sheet") return;
      const relation = Object.entries(attributes).find(([name]) => name.endsWith(":id"))?.[1] ?? "";
      const hidden = /hidden/i.test(attributes["state"] ?? "");
      sheets.push({ name: attributes["name"] ?? "", hidden, relation });
    },
    close() {},
  });
  return { sheets, uses1904 };
}
