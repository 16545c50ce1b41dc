import type { Dialect } from "./dialect.ts";

/** Makes every line end the one character that ends rows, also where a file mixes them. */
export function toLineEnds(text: string, newline: Dialect["newline"]): string {
  if (!text.includes("\r")) return text;
  const single = text.replaceAll("\r\n", newline);
  return newline === "\n" && single.includes("\r") ? single.replaceAll("\r", "\n") : single;
}

export async function* withLineEnds(
  pieces: AsyncIterable<string>,
  newline: Dialect["newline"],
): AsyncGenerator<string> {
  let held = "";
  for await (const piece of pieces) {
    const text = held + piece;
    // A CR at the end can be half of a CRLF: the next piece decides.
    held = text.endsWith("\r") ? "\r" : "";
    const ready = toLineEnds(held ? text.slice(0, -1) : text, newline);
    if (ready !== "") yield ready;
  }
  if (held) yield newline;
}
