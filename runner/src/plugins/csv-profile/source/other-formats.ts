/** Formats that are often given by mistake, by their first bytes. */
const SIGNATURES: readonly (readonly [bytes: string, name: string])[] = [
  ["504b0304", "a zip archive, such as an Excel workbook (.xlsx)"],
  ["504b0506", "an empty zip archive"],
  ["d0cf11e0a1b11ae1", "an old Office document, such as an Excel workbook (.xls)"],
  ["25504446", "a PDF document"],
  ["28b52ffd", "compressed with zstd"],
  ["425a68", "compressed with bzip2"],
  ["fd377a585a00", "compressed with xz"],
  ["377abcaf271c", "a 7z archive"],
  ["526172211a07", "a RAR archive"],
  ["04224d18", "compressed with lz4"],
  ["50415231", "a Parquet file"],
  ["4152524f5731", "an Arrow file"],
  ["53514c69746520666f726d6174203300", "a SQLite database"],
  ["89504e470d0a1a0a", "a PNG image"],
  ["ffd8ff", "a JPEG image"],
  ["47494638", "a GIF image"],
  ["7b5c727466", "a Rich Text document"],
];

const HTML = /^\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|html|head|body)\b/i;
const XML = /^\s*<\?xml\b/i;
const JSON_START =
  /^\s*(?:\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})|\[\s*(?:[[{\]]|"(?:[^"\\]|\\.)*"\s*[,\]]))/;

export function refuseBinary(head: Uint8Array, field: string): void {
  const hex = Buffer.from(head.subarray(0, 16)).toString("hex");
  const found = SIGNATURES.find(([bytes]) => hex.startsWith(bytes));
  if (found !== undefined) throw notCsv(field, found[1]);
}

export function refuseMarkup(head: string, field: string): void {
  if (HTML.test(head)) throw notCsv(field, "an HTML page", head);
  if (XML.test(head)) throw notCsv(field, "an XML document", head);
  if (JSON_START.test(head)) throw notCsv(field, "JSON", head);
}

function notCsv(field: string, format: string, head?: string): Error {
  const start = head === undefined ? "" : ` It begins with ${JSON.stringify(head.slice(0, 60))}.`;
  return new Error(`${field} is ${format}: it must be CSV text, plain or gzipped.${start}`);
}
