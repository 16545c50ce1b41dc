import { isUtf8 } from "node:buffer";
import type { Entry } from "yauzl";

const UTF8_FLAG = 0x800;
const UNICODE_PATH = 0x7075;

/** Returns a function that decodes an entry's name. Backslashes of old Windows programs are slashes. */
export async function createNameDecoder(encoding: string): Promise<(entry: Entry) => string> {
  const { getFileNameLowLevel } = await import("yauzl");
  const other = encoding === "auto" ? null : await createDecoder(encoding);
  return ({ generalPurposeBitFlag, fileNameRaw, extraFields }) => {
    const isMarked =
      (generalPurposeBitFlag & UTF8_FLAG) !== 0 ||
      extraFields.some(({ id }) => id === UNICODE_PATH);
    if (!isMarked && other !== null) return other(fileNameRaw).replaceAll("\\", "/");
    // macOS and many Linux programs write UTF-8 without the mark. Text in cp437 is hardly ever valid UTF-8.
    const flags = !isMarked && isUtf8(fileNameRaw) ? UTF8_FLAG : generalPurposeBitFlag;
    return getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
  };
}

async function createDecoder(encoding: string): Promise<(bytes: Buffer) => string> {
  const { default: iconv } = await import("iconv-lite");
  if (!iconv.encodingExists(encoding)) {
    throw new Error(
      `nameEncoding is ${JSON.stringify(encoding)}: it must be auto or the name of an encoding, such as shift_jis, gbk or cp850.`,
    );
  }
  return (bytes) => iconv.decode(bytes, encoding);
}
