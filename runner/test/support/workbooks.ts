/** Workbooks with exactly the XML that a test wants. */
import { strToU8, zipSync } from "fflate";

export interface XlsxParts {
  readonly sheets: readonly { name: string; xml: string; hidden?: boolean }[];
  /** `<si>` elements. */
  readonly strings?: readonly string[];
  /** The number formats of the styles 0, 1, 2, … */
  readonly formats?: readonly string[];
  readonly uses1904?: boolean;
}

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export function sheetXml(rows: string, after = ""): string {
  return `<worksheet xmlns="${MAIN}"><sheetData>${rows}</sheetData>${after}</worksheet>`;
}

export function xlsxOf(parts: XlsxParts, without: readonly string[] = []): Buffer {
  const { sheets, strings, formats, uses1904 } = parts;
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const relations = sheets.map((_, index) =>
    relation(`s${index}`, "worksheet", `worksheets/sheet${index + 1}.xml`),
  );
  if (strings) relations.push(relation("t", "sharedStrings", "/xl/sharedStrings.xml"));
  if (formats) relations.push(relation("f", "styles", "styles.xml"));
  const list = sheets.map(
    ({ name, hidden }, index) =>
      `<sheet name="${name}" sheetId="${index + 1}" r:id="s${index}"${hidden ? ' state="hidden"' : ""}/>`,
  );
  const files: Record<string, string> = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": `<Relationships xmlns="${RELATIONS}">${relation("w", "officeDocument", "xl/workbook.xml")}</Relationships>`,
    "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr${uses1904 ? ' date1904="1"' : ""}/><sheets>${list.join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${RELATIONS}">${relations.join("")}</Relationships>`,
  };
  for (const [index, { xml }] of sheets.entries()) {
    files[`xl/worksheets/sheet${index + 1}.xml`] = xml;
  }
  if (strings) files["xl/sharedStrings.xml"] = `<sst xmlns="${MAIN}">${strings.join("")}</sst>`;
  if (formats) files["xl/styles.xml"] = stylesXml(formats);
  return zip(files, without);
}

function stylesXml(formats: readonly string[]): string {
  const escape = (code: string): string => code.replaceAll('"', "&quot;");
  const codes = formats.map(
    (code, index) => `<numFmt numFmtId="${164 + index}" formatCode="${escape(code)}"/>`,
  );
  const styles = formats.map((_, index) => `<xf numFmtId="${164 + index}"/>`);
  return `<styleSheet xmlns="${MAIN}"><numFmts>${codes.join("")}</numFmts><cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs>${styles.join("")}</cellXfs></styleSheet>`;
}

export function odsOf(sheets: readonly { name: string; xml: string }[]): Buffer {
  const tables = sheets.map(
    ({ name, xml }) => `<table:table table:name="${name}">${xml}</table:table>`,
  );
  const names = ["office", "table", "text", "calcext"].map((name) => `xmlns:${name}="urn:${name}"`);
  return zip({
    mimetype: "application/vnd.oasis.opendocument.spreadsheet",
    "content.xml": `<office:document-content ${names.join(" ")}><office:body><office:spreadsheet>${tables.join("")}</office:spreadsheet></office:body></office:document-content>`,
  });
}

function zip(files: Record<string, string>, without: readonly string[] = []): Buffer {
  const kept = Object.entries(files).filter(([name]) => !without.includes(name));
  return Buffer.from(
    zipSync(Object.fromEntries(kept.map(([name, text]) => [name, strToU8(text)])), { level: 1 }),
  );
}
