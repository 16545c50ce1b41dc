/**
 * Keeps the numbers of a body as they were sent, where they are the client's own data. Each one that
 * JavaScript would change is replaced by a marked string before the text is parsed: a reviver of
 * JSON.parse would run for each value of a large body, and knows no path.
 */
import { randomBytes } from "node:crypto";
import { endOfString } from "./end-of-string.ts";
import { isExact, holdsExactNumber, markHolder } from "../domain/exact-number.ts";

/** Fields whose content belongs to the client. Other numbers have a meaning here and stay numbers. */
const OWN_DATA: ReadonlySet<string> = new Set(["input", "metadata", "options"]);

/** Any number of fewer digits with a short exponent is exact (ECMA-262: 15 digits always are). */
const CANDIDATE = /-?(?=[\d.]{16}|[\d.]+[eE][+-]?\d\d)\d[\d.]*(?:[eE][+-]?\d+)?/g;

/** Secret, so that no string of a client is taken for a number. */
const MARK = `${randomBytes(16).toString("base64url")}:`;

/** Parses JSON that is known to be valid. `value` is what it was parsed to, returned when nothing changes. */
export function parseExactNumbers(text: string, value: unknown): unknown {
  const marked = markNumbers(text);
  return marked === null ? value : unmark(JSON.parse(marked), false);
}

/** Returns null when every number is exact. */
function markNumbers(text: string): string | null {
  const parts: string[] = [];
  let copied = 0;
  let quote = text.indexOf('"');
  const pattern = new RegExp(CANDIDATE);
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    let end = 0;
    while (quote !== -1 && quote < found.index) {
      end = endOfString(text, quote);
      quote = text.indexOf('"', end + 1);
    }
    if (end > found.index) {
      pattern.lastIndex = end;
      continue;
    }
    const [source] = found;
    if (isExact(source)) continue;
    parts.push(text.slice(copied, found.index), `"${MARK}${source}"`);
    copied = found.index + source.length;
  }
  return copied === 0 ? null : parts.join("") + text.slice(copied);
}

/** Replaces the marked strings in place. */
function unmark(value: unknown, isOwnData: boolean): unknown {
  if (typeof value === "string") {
    if (!value.startsWith(MARK)) return value;
    const source = value.slice(MARK.length);
    return isOwnData ? JSON.rawJSON(source) : Number(source);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) unmarkMember(value, at, isOwnData);
    return value;
  }
  for (const key of Object.keys(value)) unmarkMember(value, key, isOwnData || OWN_DATA.has(key));
  return value;
}

function unmarkMember(holder: object, key: string | number, isOwnData: boolean): void {
  const members = holder as Record<string | number, unknown>;
  const member = members[key];
  if (typeof member !== "string" && typeof member !== "object") return;
  const plain = unmark(member, isOwnData);
  if (plain !== member) members[key] = plain;
  if (holdsExactNumber(plain) || (plain !== member && JSON.isRawJSON(plain))) markHolder(holder);
}
