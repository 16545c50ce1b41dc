/** The encoding of XML, found as appendix F of the XML specification says. */

const DECLARED = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.:-]*)["']/;

export function findEncoding(
  head: Buffer,
  { wanted, charset }: { readonly wanted: string; readonly charset: string | null },
): string {
  if (wanted !== "auto") return wanted;
  const hex = head.subarray(0, 4).toString("hex");
  if (hex.startsWith("efbbbf")) return "utf-8";
  if (hex.startsWith("fffe0000") || hex.startsWith("0000feff")) return "utf-32";
  if (hex.startsWith("fffe") || hex === "3c003f00") return "utf-16le";
  if (hex.startsWith("feff") || hex === "003c003f") return "utf-16be";
  if (charset !== null) return charset.toLowerCase();
  const declared = DECLARED.exec(head.toString("latin1"))?.[1]?.toLowerCase();
  // The declaration is readable as ASCII, so the text was converted from UTF-16 to UTF-8.
  return declared === undefined || declared.startsWith("utf-16") ? "utf-8" : declared;
}

/** Returns a function that decodes a chunk, or ends the text if it gets null. */
export async function createDecoder(
  encoding: string,
  field: string,
): Promise<(chunk: Uint8Array | null) => string> {
  const decode = await pickDecoder(encoding, field);
  return (chunk) => {
    try {
      return decode(chunk);
    } catch (cause) {
      throw new Error(
        `${field}: the bytes are not ${encoding} text. Set the option encoding to the encoding of the data, such as windows-1252.`,
        { cause },
      );
    }
  };
}

async function pickDecoder(
  encoding: string,
  field: string,
): Promise<(chunk: Uint8Array | null) => string> {
  try {
    const decoder = new TextDecoder(encoding, { fatal: true });
    return (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const { default: iconv } = await import("iconv-lite");
  if (!iconv.encodingExists(encoding)) {
    throw new Error(
      `${field}: the encoding is ${JSON.stringify(encoding)}, which is not known. Set the option encoding to a known one, such as utf-8 or windows-1252.`,
    );
  }
  const decoder = iconv.getDecoder(encoding);
  return (chunk) => (chunk ? decoder.write(Buffer.from(chunk)) : (decoder.end() ?? ""));
}
