import { readFileSync } from "node:fs";

/** Languages that write "29." for "29th" (CLDR's ordinal forms). */
const ORDINALS = new Set("cs da de et fi hr hu is lv nb nn no pl sk sl sr".split(" "));
/** The languages of CLDR's list of abbreviations that do not end a sentence. */
const LISTED = new Set("de el en es fi fr it ja pt ru sv".split(" "));
/** What CLDR's lists lack. They are the same in many languages. */
const MORE = "Dr. Prof. Mr. Mrs. Ms. Jr. Sr. St. Nr. Fig. Abb. al. cf. ca. Inc. Ltd. Corp.".split(
  " ",
);
/** Initials, and letters as in "z. B." and "e. g.". */
const LETTER = /(?:^|[\s.(])\p{L}\.\s*$/u;
const NUMBER = /(?:^|\s)\d{1,2}\.\s*$/;
const LAST_WORDS = /\S+(?:[^\S\n]\S+)?\s*$/;

/** Returns a test of whether a sentence ends only because of a period that belongs to a word. */
export function loadAbbreviations(
  locale: Intl.Locale,
): (sentence: string, next: string) => boolean {
  const { language } = locale;
  const words = LISTED.has(language) ? suppressions(language) : new Set(MORE);
  return (sentence, next) => {
    const end = sentence.slice(-40);
    if (LETTER.test(end)) return true;
    if (ORDINALS.has(language) && NUMBER.test(end) && /^\p{L}/u.test(next)) return true;
    const last = (LAST_WORDS.exec(end)?.[0] ?? "").trim();
    return words.has(last) || words.has(last.slice(last.search(/[^\s(["'„“]+$/)));
  };
}

interface Suppressions {
  readonly segments: {
    readonly segmentations: {
      readonly SentenceBreak?: { readonly standard: readonly { readonly suppression: string }[] };
    };
  };
}

/** CLDR's data, because `Intl.Segmenter` of Node ignores the extension `ss-standard`. */
function suppressions(language: string): ReadonlySet<string> {
  const root = import.meta.resolve("cldr-segments-full/package.json");
  const file = new URL(`segments/${language}/suppressions.json`, root);
  const data = JSON.parse(readFileSync(file, "utf8")) as Suppressions;
  const listed = data.segments.segmentations.SentenceBreak?.standard ?? [];
  return new Set([...listed.map(({ suppression }) => suppression), ...MORE]);
}
