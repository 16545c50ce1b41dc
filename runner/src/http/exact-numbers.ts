/**
 * Keeps the numbers of a body as they were sent, where they are the client's own data. Each one that
 * JavaScript would change is replaced by a marked string before the text is parsed: a reviver of
 * JSON.parse would run for each value of a large body, and knows no path.
 */
import { randomBytes } from "node:crypto";
import { setImmediate as nextIteration } from "node:timers/promises";
import { isExact, holdsExactNumber, markHolder } from "../domain/exact-number.ts";
import { isLongNumber } from "./json-structure.ts";
import { endOfNumber, endOfString, QUOTE, startsNumber } from "./json-tokens.ts";

/** Fields whose content belongs to the client. Other numbers have a meaning here and stay numbers. */
const OWN_DATA: ReadonlySet<string> = new Set(["input", "metadata", "options", "arguments"]);

/** Secret, so that no string of a client is taken for a number. */
const MARK = `${randomBytes(16).toString("base64url")}:`;

/** Numbers that are checked in one event loop iteration. They take about 10 ms. */
const CHECKED_AT_ONCE = 20_000;

/** Parses JSON that is known to be valid. `value` is what it was parsed to, returned when nothing changes. */
export async function parseExactNumbers(text: string, value: unknown): Promise<unknown> {
  const marked = await markNumbers(text);
  return marked === null ? value : unmark(JSON.parse(marked), false);
}

/** Returns null when every number is exact. */
async function markNumbers(text: string): Promise<string | null> {
  const parts: string[] = [];
  let copied = 0;
  let checked = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    if (!startsNumber(code)) continue;
    const end = endOfNumber(text, at);
    if (isLongNumber(text, at, end)) {
      const source = text.slice(at, end);
      if (!isExact(source)) {
        parts.push(text.slice(copied, at), `"${MARK}${source}"`);
        copied = end;
      }
      checked += 1;
      if (checked % CHECKED_AT_ONCE === 0) await nextIteration();
    }
    at = end - 1;
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
