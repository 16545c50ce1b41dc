import type { PluginContext } from "../../plugin-sdk.ts";
import { openOds } from "./ods/open-ods.ts";
import { openSource, type Source } from "./read-source.ts";
import type { Workbook } from "./workbook.ts";
import { openXlsx } from "./xlsx/open-xlsx.ts";
import { openParts } from "./zip-parts.ts";

const ZIP = Buffer.from("PK");
const OLE = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** Opens an xlsx or ods workbook. The caller closes it. */
export async function openWorkbook(
  source: Source,
  ctx: Pick<PluginContext, "fetch" | "files" | "signal">,
): Promise<Workbook & { readonly field: string }> {
  const { field, from, head } = await openSource(source, ctx);
  refuseOthers(head, field);
  const parts = await openParts(from, field);
  try {
    const options = { parts, field, signal: ctx.signal };
    if (parts.has("content.xml")) return { ...(await openOds(options)), field };
    if (parts.has("[Content_Types].xml")) return { ...(await openXlsx(options)), field };
    throw new Error(`${field}: it is a ZIP archive and not a workbook. It must be xlsx or ods`);
  } catch (error) {
    parts.close();
    throw error;
  }
}

function refuseOthers(head: Buffer, field: string): void {
  if (head.subarray(0, 2).equals(ZIP)) return;
  if (head.length === 0) throw new Error(`${field}: it is empty. It must be xlsx or ods`);
  if (!head.subarray(0, 4).equals(OLE)) {
    const isText = !head.includes(0);
    const what = isText ? "text, such as CSV or HTML. For CSV, use csv-profile" : "another format";
    throw new Error(`${field}: it must be an xlsx or ods workbook, but is ${what}`);
  }
  // Excel puts a workbook with a password into the container of its older format.
  const isEncrypted = head.includes(Buffer.from("EncryptedPackage", "utf16le"));
  throw new Error(
    isEncrypted || head.includes(Buffer.from("EncryptionInfo", "utf16le"))
      ? `${field}: the workbook is protected with a password. Save it without a password`
      : `${field}: it is a workbook of Excel 97 to 2003 (xls) or is protected with a password. Save it as xlsx or ods without a password`,
  );
}
