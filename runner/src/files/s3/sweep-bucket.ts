/**
 * Removes contents that no file has from the bucket, and copies that nobody uses from the folder.
 *
 * Another daemon can write the same content between the look at its rows and its removal, and S3 cannot
 * make one depend on the other. So the content is copied to `<key>.unused` before it is removed. The copy
 * is still read, and stays for a day: until then the file of the other daemon is stored, and the next
 * sweep brings its content back.
 *
 * Every daemon sweeps, so that another one can have removed what this one has just seen.
 */
import { lstatSync, readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { FileContents, Swept, WrittenContent } from "../../ports/file-contents.ts";
import { isContentName } from "../content-names.ts";
import type { LocalContents } from "../local-contents.ts";
import type { Bucket } from "./bucket.ts";
import { BucketFailed } from "./bucket-failed.ts";
import type { BucketOwner } from "./bucket-owner.ts";
import { keyOf, parseKey, unusedKeyOf } from "./object-keys.ts";

const DAY_MS = 24 * 60 * 60_000;
const GROUP = /^bucket:([0-9a-f])$/;
const DIGITS = Array.from({ length: 16 }, (_, digit) => digit.toString(16));
/** Contents asked for at a time: the store answers on the main thread. */
const AT_A_TIME = 100;

interface Sweep {
  readonly bucket: Bucket;
  readonly owner: BucketOwner;
  readonly local: LocalContents;
  /** Puts a content of the folder into the bucket. */
  readonly put: (content: WrittenContent, signal: AbortSignal) => Promise<void>;
  readonly request: Parameters<FileContents["sweep"]>[1];
}

interface Listed {
  readonly size: number;
  readonly isOld: boolean;
}

/** What the bucket has of one content. */
interface Found {
  content: Listed | null;
  unused: Listed | null;
}

/** The contents by the first digit of their hash. */
export function bucketGroups(): readonly string[] {
  return DIGITS.map((digit) => `bucket:${digit}`);
}

export function isBucketGroup(group: string): boolean {
  return GROUP.test(group);
}

export async function sweepBucket(group: string, sweep: Sweep): Promise<Swept> {
  const [, digit = ""] = GROUP.exec(group) ?? [];
  const signal = sweep.request.signal ?? new AbortController().signal;
  await sweep.owner.check(signal);
  const found = await listAll(digit, sweep.bucket, signal);
  const swept = await removeUnused(found, sweep, signal);
  await matchFolder(digit, found, { ...sweep, signal });
  return swept;
}

async function listAll(
  digit: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Found>> {
  const found = new Map<string, Found>();
  for await (const { objects, now } of bucket.list(digit, signal)) {
    for (const { key, size, modifiedAt } of objects) {
      const parsed = parseKey(key);
      if (parsed === null) continue;
      const listed = { size, isOld: modifiedAt < now - DAY_MS };
      const before = found.get(parsed.sha256) ?? { content: null, unused: null };
      found.set(parsed.sha256, {
        ...before,
        ...(parsed.isUnused ? { unused: listed } : { content: listed }),
      });
    }
  }
  return found;
}

async function removeUnused(
  found: ReadonlyMap<string, Found>,
  { bucket, request }: Sweep,
  signal: AbortSignal,
): Promise<Swept> {
  let [removed, bytes] = [0, 0];
  // With a copy that a sweep has made, the content itself waits for the next sweep.
  const old = [...found].filter(([, { content, unused }]) => (unused ?? content)?.isOld === true);
  for await (const [sha256, { content, unused }, isUsed] of withUse(old, request)) {
    signal.throwIfAborted();
    const [key, unusedKey] = [keyOf(sha256), unusedKeyOf(sha256)];
    try {
      if (unused === null) {
        if (isUsed) continue;
        await bucket.copy(key, unusedKey, signal);
        await bucket.remove(key, signal);
      } else {
        if (isUsed && content === null) await bucket.copy(unusedKey, key, signal);
        await bucket.remove(unusedKey, signal);
        if (isUsed) continue;
        removed += 1;
        bytes += unused.size;
      }
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return { removed, bytes };
}

/** Whether the sweep of another daemon has moved or removed the object. */
function isGone(error: unknown): boolean {
  return error instanceof BucketFailed && error.status === 404 && error.s3Code !== "NoSuchBucket";
}

async function* withUse<T>(
  entries: readonly (readonly [string, T])[],
  { used }: Sweep["request"],
): AsyncGenerator<readonly [string, T, boolean]> {
  for (let at = 0; at < entries.length; at += AT_A_TIME) {
    const some = entries.slice(at, at + AT_A_TIME);
    const having = await used(some.map(([sha256]) => sha256));
    for (const [sha256, each] of some) yield [sha256, each, having.has(sha256)];
  }
}

/**
 * Puts what the bucket lacks there: contents from before it was set up, or that an import wrote. Drops
 * copies from the folder that are in the bucket and were not used for a day, nor by what runs.
 */
async function matchFolder(
  digit: string,
  found: ReadonlyMap<string, Found>,
  { local, put, request, signal }: Sweep & { readonly signal: AbortSignal },
): Promise<void> {
  const unusedSince = Math.min(request.writtenBefore, Date.now() - DAY_MS);
  const here = namesIn(digit, local).map((sha256) => [sha256, null] as const);
  for await (const [sha256, , isUsed] of withUse(here, request)) {
    if (!isUsed) continue;
    signal.throwIfAborted();
    const { content = null } = found.get(sha256) ?? {};
    const path = local.pathOf(sha256);
    const info = lstatSync(path, { throwIfNoEntry: false });
    if (info?.isFile() !== true) continue;
    if (content === null) await put({ sha256, size: info.size }, signal);
    // Synchronous since the look, so that no step can begin to use it in between.
    else if (content.size === info.size && info.mtimeMs < unusedSince) rmSync(path);
  }
}

function namesIn(digit: string, local: LocalContents): readonly string[] {
  return DIGITS.flatMap((second) => {
    const prefix = `${digit}${second}`;
    const folder = dirname(local.pathOf(prefix.padEnd(64, "0")));
    try {
      return readdirSync(folder).filter((name) => isContentName(name) && name.startsWith(prefix));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      throw error;
    }
  });
}
