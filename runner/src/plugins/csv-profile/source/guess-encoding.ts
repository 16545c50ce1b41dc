import { isUtf8 } from "node:buffer";
import { guessScript } from "./script-encodings.ts";

export interface EncodingGuess {
  readonly encoding: string;
  readonly reason: string;
}

const ZERO_SHARE = 0.3;
/** How much of the data the guess is made from. */
const GUESSED_BYTES = 1 << 16;
/** With fewer bytes beyond ASCII, statistics say nothing. */
const MIN_EVIDENCE = 12;
const MIN_CONFIDENCE = 20;
/** The most common encoding of CSV files that are not UTF-8. */
const FALLBACK = "windows-1252";

/** Recognizes UTF-16 without a byte order mark: every second byte of ASCII text is zero. */
export function guessUtf16(head: Uint8Array): "utf-16le" | "utf-16be" | null {
  const zeros = [0, 0];
  const length = Math.min(head.length & ~1, 4096);
  for (let at = 0; at < length; at++) if (head[at] === 0) zeros[at % 2]! += 1;
  const [even = 0, odd = 0] = zeros;
  const pairs = length / 2;
  if (odd > ZERO_SHARE * pairs && even * 20 < odd) return "utf-16le";
  if (even > ZERO_SHARE * pairs && odd * 20 < even) return "utf-16be";
  return null;
}

/** Whether the bytes are UTF-8, possibly cut within their last character. */
export function isUtf8Text(bytes: Uint8Array): boolean {
  for (let cut = 0; cut < 4; cut++) {
    if (isUtf8(bytes.subarray(0, bytes.length - cut))) return true;
    if ((bytes[bytes.length - 1 - cut] ?? 0) < 0x80) return false;
  }
  return false;
}

/** Guesses the encoding of text that is not UTF-8. Null if most of it is UTF-8, so that it is damaged. */
export async function guessEncoding(bytes: Uint8Array): Promise<EncodingGuess | null> {
  const guessed = bytes.subarray(0, GUESSED_BYTES);
  if (isMostlyUtf8(guessed)) return null;
  const script = guessScript(guessed);
  if (script !== null) {
    return { encoding: script, reason: `the bytes are not UTF-8, and they are words in ${script}` };
  }
  const evidence = guessed.reduce((count, byte) => count + (byte >= 0x80 ? 1 : 0), 0);
  if (evidence >= MIN_EVIDENCE) {
    const { analyse } = await import("chardet");
    const best = analyse(guessed)[0];
    const encoding = toLabel(best?.name ?? "");
    if (best !== undefined && encoding !== null && best.confidence >= MIN_CONFIDENCE) {
      const reason = `the bytes are not UTF-8, and their statistics fit ${encoding} with ${best.confidence} of 100 points`;
      return { encoding, reason };
    }
  }
  return {
    encoding: FALLBACK,
    reason: `the bytes are not UTF-8, and their statistics fit no encoding well: ${FALLBACK} is the most common one`,
  };
}

function isMostlyUtf8(bytes: Uint8Array): boolean {
  const text = new TextDecoder("utf-8").decode(bytes);
  let broken = 0;
  let other = 0;
  for (const character of text) {
    if (character === "\uFFFD") broken += 1;
    else if (character > "\u007F") other += 1;
  }
  return other > 4 * broken;
}

function toLabel(name: string): string | null {
  try {
    const { encoding } = new TextDecoder(name);
    return /^(?:windows|iso|koi|mac)/.test(encoding) ? encoding : null;
  } catch {
    return null;
  }
}
