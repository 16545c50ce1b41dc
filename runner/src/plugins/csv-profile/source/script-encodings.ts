/** The lead bytes of common characters: kana, Hangul and the first level of ideographs. */
const WIDE: readonly (readonly [encoding: string, isCommon: (lead: number) => boolean])[] = [
  ["shift_jis", (lead) => (lead >= 0x81 && lead <= 0x83) || (lead >= 0x88 && lead <= 0x97)],
  ["euc-jp", (lead) => lead === 0xa4 || lead === 0xa5],
  ["euc-kr", (lead) => lead === 0xa1 || (lead >= 0xb0 && lead <= 0xc8)],
  ["gb18030", (lead) => lead === 0xa1 || lead === 0xa3 || (lead >= 0xb0 && lead <= 0xd7)],
  ["big5", (lead) => lead >= 0xa1 && lead <= 0xc6],
  ["euc-jp", (lead) => lead >= 0xa1 && lead <= 0xcf],
];

const NARROW: readonly (readonly [encoding: string, letters: RegExp])[] = [
  ["windows-1255", /[\u05D0-\u05EA]/u],
  ["windows-1251", /\p{Script=Cyrillic}/u],
  ["koi8-u", /\p{Script=Cyrillic}/u],
  ["ibm866", /\p{Script=Cyrillic}/u],
  ["windows-1253", /\p{Script=Greek}/u],
  ["windows-1256", /\p{Script=Arabic}/u],
  ["windows-874", /\p{Script=Thai}/u],
];

const MIN_COMMON = 0.85;

/**
 * Finds the encoding of a text in another script than Latin. Such a text has runs of bytes beyond
 * ASCII, which Latin letters with accents do not form.
 */
export function guessScript(bytes: Uint8Array): string | null {
  if (runShare(bytes) < 0.6) return null;
  for (const [encoding, isCommon] of WIDE) {
    const text = decode(bytes, encoding);
    if (text !== null && isWideText(bytes, text, isCommon)) return encoding;
  }
  const scored = NARROW.map(([encoding, letters]) => {
    const text = decode(bytes, encoding);
    return { encoding, score: text === null ? 0 : scoreLetters(text, letters) };
  }).toSorted((a, b) => b.score - a.score);
  const best = scored[0];
  return best !== undefined && best.score > MIN_COMMON ? best.encoding : null;
}

/** The share of bytes beyond ASCII that have another one next to them. */
function runShare(bytes: Uint8Array): number {
  let beyond = 0;
  let inRuns = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]! < 0x80) continue;
    beyond += 1;
    if ((bytes[at - 1] ?? 0) >= 0x80 || (bytes[at + 1] ?? 0) >= 0x80) inRuns += 1;
  }
  return inRuns / Math.max(1, beyond);
}

function isWideText(bytes: Uint8Array, text: string, isCommon: (lead: number) => boolean): boolean {
  // A half-width katakana is one byte in Shift_JIS, and usual in no table of words.
  if (/[\uFF61-\uFF9F\uE000-\uF8FF]/.test(text)) return false;
  let pairs = 0;
  let common = 0;
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at]!;
    if (lead < 0x80) continue;
    pairs += 1;
    if (isCommon(lead)) common += 1;
    at += 1;
  }
  return common >= MIN_COMMON * pairs;
}

/** The share of letters of the script, less those whose neighbours make no word with them. */
function scoreLetters(text: string, letters: RegExp): number {
  const beyond = text.match(/[^\p{ASCII}]/gu) ?? [];
  const right = beyond.filter((character) => letters.test(character)).length;
  const wrongCase = (text.match(/\p{Ll}\p{Lu}/gu) ?? []).length;
  const mixed = (text.match(/[a-z][^\p{ASCII}\P{L}]|[^\p{ASCII}\P{L}][a-z]/giu) ?? []).length;
  return (right - 3 * (wrongCase + mixed)) / Math.max(1, beyond.length);
}

function decode(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
