import { peek } from "./peek.ts";

export const ENCODINGS = ["auto", "utf-8", "latin1", "utf-16le", "utf-16be"] as const;
export type Encoding = (typeof ENCODINGS)[number];

/**
 * Decodes bytes to text without the byte order mark. `auto` uses that mark, or UTF-8 if there is
 * none. Throws if the bytes are not valid in the encoding, or contain a zero character (binary
 * data).
 */
export async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  encoding: Encoding,
): AsyncGenerator<string> {
  const { head, all } = await peek(bytes, 3);
  const name = encoding === "auto" ? byMark(head) : encoding;
  const decoder = new TextDecoder(name, { fatal: true });
  let read = 0;
  const toText = (chunk?: Uint8Array): string => {
    try {
      const text = chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
      if (text.includes("\0")) throw new TypeError("a zero character");
      return text;
    } catch (error) {
      throw new Error(
        `the data is not ${name} text (in bytes ${read} to ${read + (chunk?.length ?? 0)}). ` +
          `If it is text, set the option encoding to one of ${ENCODINGS.slice(1).join(", ")}.`,
        { cause: error },
      );
    }
  };
  for await (const chunk of all) {
    const text = toText(chunk);
    read += chunk.length;
    if (text !== "") yield text;
  }
  const rest = toText();
  if (rest !== "") yield rest;
}

function byMark(head: Uint8Array): Exclude<Encoding, "auto"> {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  return "utf-8";
}
