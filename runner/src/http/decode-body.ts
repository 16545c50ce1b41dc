/** Turns the bytes of a body into text. A byte that does not fit its charset is refused, not replaced. */
import { isUtf8 } from "node:buffer";
import { MIMEType } from "node:util";
import { Refused } from "../domain/errors.ts";

/** `contentType` is a header that Fastify accepted. Without a charset JSON is UTF-8 (RFC 8259 §8.1). */
export function decodeBody(bytes: Buffer, contentType = ""): string {
  const charset = charsetIn(contentType);
  if (charset === null || /^(utf-?8|us-ascii)$/i.test(charset)) {
    if (isUtf8(bytes)) return bytes.toString("utf8");
    throw new Refused(
      "BODY_NOT_JSON",
      `The body is not UTF-8: ${describeBadByte(bytes)}. Send it as UTF-8, or name its charset, such as \`Content-Type: application/json; charset=iso-8859-1\`.`,
    );
  }
  const decoder = createDecoder(charset);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused("BODY_NOT_JSON", `The body is not valid ${charset}.`);
  }
}

function charsetIn(contentType: string): string | null {
  // Almost every request: a MIMEType costs more than the decoding of a small body.
  if (!/charset/i.test(contentType)) return null;
  try {
    return new MIMEType(contentType).params.get("charset") || null;
  } catch {
    return null;
  }
}

function createDecoder(charset: string) {
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    throw new Refused(
      "CONTENT_TYPE_UNSUPPORTED",
      `The charset is ${JSON.stringify(charset)}: it must be utf-8, or another charset of the Encoding Standard, such as iso-8859-1 or utf-16le.`,
    );
  }
}

/** The decoder with `fatal` does not say where it failed, so the body is decoded once more. */
function describeBadByte(bytes: Buffer): string {
  const valid = Buffer.from(bytes.toString("utf8"));
  let at = 0;
  while (at < bytes.length && bytes[at] === valid[at]) at += 1;
  return `byte ${at} is 0x${bytes[at]?.toString(16).padStart(2, "0") ?? "00"}`;
}
