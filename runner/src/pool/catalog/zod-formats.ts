import { z } from "zod";

/** Null is any. */
const PRECISIONS = [null, 0, 3, 6, 9];
const HASHES = ["md5", "sha1", "sha256", "sha384", "sha512"] as const;
const ENCODINGS = ["hex", "base64", "base64url"] as const;

/** Those that JSON Schema tells with a format and a pattern. */
const createFormats = (): readonly z.ZodType[] => [
  z.email(),
  ...[z.regexes.html5Email, z.regexes.unicodeEmail].map((pattern) => z.email({ pattern })),
  z.guid(),
  z.uuid(),
  ...(["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8"] as const).map((version) =>
    z.uuid({ version }),
  ),
  z.emoji(),
  z.nanoid(),
  z.cuid(),
  z.cuid2(),
  z.ulid(),
  z.xid(),
  z.ksuid(),
  z.ipv4(),
  z.ipv6(),
  z.mac(),
  z.cidrv4(),
  z.cidrv6(),
  z.base64(),
  z.base64url(),
  z.e164(),
  z.hostname(),
  z.hex(),
  z.string().lowercase(),
  z.string().uppercase(),
  z.iso.date(),
  z.iso.duration(),
  ...PRECISIONS.flatMap((precision) =>
    [false, true].map((offset) =>
      z.iso.datetime(precision === null ? { offset } : { offset, precision }),
    ),
  ),
  ...HASHES.flatMap((hash) => ENCODINGS.map((enc) => z.hash(hash, { enc }))),
];

/** Made when first asked for: it takes some tens of milliseconds, and many schemas need none. */
let known: ReadonlySet<string> | undefined;

function collect(): ReadonlySet<string> {
  const keys = createFormats().map((schema) => {
    const { format, pattern } = z.toJSONSchema(schema);
    return toKey(format, pattern);
  });
  return new Set(keys);
}

/**
 * Whether a pattern is zod's own, of the format beside it: none of these takes longer than in
 * proportion to the text. By its text alone it might be a plugin's, with flags, which JSON Schema
 * does not tell.
 */
export function isZodFormat(format: unknown, pattern: string): boolean {
  if (format === undefined) return false;
  known ??= collect();
  return known.has(toKey(format, pattern));
}

function toKey(format: unknown, pattern: unknown): string {
  return JSON.stringify([format, pattern]);
}
