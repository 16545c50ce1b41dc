/** Adds links to references in the text of an output, without parsing it: its numbers stay as they are. */
import { FILE_ID, FILE_KEY_TEXT, mentionsFiles } from "./file.ts";
import type { JsonText } from "./json-text.ts";

/**
 * A reference in the text of JSON.stringify, whose `{` and `,` before the quote cannot be inside of a
 * string: there the quote would be escaped.
 */
const REFERENCE = new RegExp(`[{,]"\\$file":"(${FILE_ID})"`, "g");
const URL_KEY = '"url"';

/** An object of the text, while its members are read. */
interface OpenObject {
  reference: { readonly id: string; readonly end: number } | null;
  hasUrl: boolean;
}

/** Adds a `url` to each reference that has none and for which `toUrl` returns one. */
export function linkReferences(text: JsonText, toUrl: (id: string) => string | null): JsonText {
  if (!mentionsFiles(text)) return text;
  const urls = new Map<string, string>();
  // Each file once: a link costs a signature, and a text can refer to one file very often.
  for (const id of new Set(Array.from(text.matchAll(REFERENCE), ([, found = ""]) => found))) {
    const url = toUrl(id);
    if (url !== null) urls.set(id, url);
  }
  if (urls.size === 0) return text;
  const parts: string[] = [];
  let before = 0;
  for (const { id, end } of referencesWithoutUrl(text).toSorted((a, b) => a.end - b.end)) {
    const url = urls.get(id);
    if (url === undefined) continue;
    parts.push(text.slice(before, end), `,${URL_KEY}:${JSON.stringify(url)}`);
    before = end;
  }
  return `${parts.join("")}${text.slice(before)}` as JsonText;
}

/** The references of objects that have no `url` of their own, with the place behind each. */
function referencesWithoutUrl(text: JsonText): { readonly id: string; readonly end: number }[] {
  const found: { readonly id: string; readonly end: number }[] = [];
  const open: OpenObject[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "{") open.push({ reference: null, hasUrl: false });
    else if (char === "}") {
      const { reference, hasUrl } = open.pop() ?? { reference: null, hasUrl: true };
      if (reference !== null && !hasUrl) found.push(reference);
    } else if (char === '"') {
      const end = endOfString(text, at);
      const object = open.at(-1);
      if (text[end] === ":" && object !== undefined) readKey(text, { at, end, object });
      at = end - 1;
    }
  }
  return found;
}

function readKey(
  text: JsonText,
  { at, end, object }: { readonly at: number; readonly end: number; readonly object: OpenObject },
): void {
  if (text.startsWith(URL_KEY, at)) object.hasUrl = true;
  if (!text.startsWith(FILE_KEY_TEXT, at) || text[end + 1] !== '"') return;
  const valueEnd = endOfString(text, end + 1);
  object.reference = { id: text.slice(end + 2, valueEnd - 1), end: valueEnd };
}

/** The place behind the string that begins at the quote. */
function endOfString(text: JsonText, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}
