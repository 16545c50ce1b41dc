import { z } from "zod";

/** Null stands for any precision. */
const PRECISIONS = [null, 0, 3, 6, 9];
const HASHES = ["md5", "sha1", "sha256", "sha384", "sha512"] as const;
const ENCODINGS = ["hex", "base64", "base64url"] as const;

/** zod's formats that JSON Schema expresses with a format and a pattern. */
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

/** Built on first use: it takes tens of milliseconds, and many schemas do not need it. */
let known: ReadonlySet<string> | undefined;

function collect(): ReadonlySet<string> {
  const keys = createFormats().map((schema) => {
    const { format, pattern } = z.toJSONSchema(schema);
    return toKey(format, pattern);
  });
  return new Set(keys);
}

/**
 * Whether a pattern is zod's own for its format. Those patterns run in linear time. The pattern's
 * text alone is not enough: a plugin's pattern can have the same text with flags, which JSON Schema
 * does not contain.
 */
export function isZodFormat(format: unknown, pattern: string): boolean {
  if (format === undefined) return false;
  known ??= collect();
  return known.has(toKey(format, pattern));
}

function toKey(format: unknown, pattern: unknown): string {
  return JSON.stringify([format, pattern]);
}
