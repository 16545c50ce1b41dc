import { isUtf8 } from "node:buffer";

const MAX_PRESCAN_BYTES = 1 << 16;

/**
 * Decodes a page by the HTML standard's algorithm: byte order mark, `Content-Type`, `<meta>` or XML
 * declaration. Without any of them, it is UTF-8 if its bytes are valid UTF-8, and otherwise
 * windows-1252, which browsers use.
 */
export async function decodePage(bytes: Buffer, contentType: string): Promise<string> {
  const [{ default: sniff }, { TextDecoder }] = await Promise.all([
    import("html-encoding-sniffer"),
    // Node's own decoder reads some bytes of windows-1252 as control characters.
    import("@exodus/bytes/encoding.js"),
  ]);
  const label = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1];
  const isXml = /^[^;]*xml/i.test(contentType) || bytes.subarray(0, 5).toString() === "<?xml";
  const isHtml = !/^text\/plain/i.test(contentType);
  // A browser also follows a `<meta>` that comes after the bytes that it looks at first.
  const late = isHtml ? sniff(bytes, { maxPrescanBytes: MAX_PRESCAN_BYTES }) : "windows-1252";
  const encoding = sniff(bytes, {
    ...(label === undefined ? {} : { transportLayerEncodingLabel: label }),
    ...(isHtml ? {} : { maxPrescanBytes: 0 }),
    defaultEncoding: isUtf8(bytes) ? "UTF-8" : late,
  });
  const declared = isXml && label === undefined ? sniff(bytes, { xml: true }) : encoding;
  return new TextDecoder(declared).decode(bytes);
}
