export interface Decoder {
  readonly encoding: string;
  /** Throws if the bytes are not valid. Without a chunk, ends the text. */
  decode(chunk?: Uint8Array): string;
}

/**
 * The encodings of the Encoding Standard are Node's own. `iconv-lite` has the others, such as the
 * code pages of DOS.
 */
export async function createDecoder(encoding: string): Promise<Decoder> {
  try {
    const decoder = new TextDecoder(encoding, { fatal: true });
    return {
      encoding: decoder.encoding,
      decode: (chunk) => (chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  const { default: iconv } = await import("iconv-lite");
  if (!iconv.encodingExists(encoding)) {
    throw new Error(
      `encoding is ${JSON.stringify(encoding)}: it must be auto or the name of an encoding, such as utf-8, windows-1252, shift_jis or cp850.`,
    );
  }
  const decoder = iconv.getDecoder(encoding);
  return {
    encoding,
    decode(chunk) {
      const text = chunk ? decoder.write(Buffer.from(chunk)) : (decoder.end() ?? "");
      if (text.includes("\uFFFD")) throw new TypeError("a byte is not valid");
      return text;
    },
  };
}
