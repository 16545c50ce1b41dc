/**
 * Contents of files in a bucket that several daemons share. The folder of each daemon has a copy of those
 * that it wrote or used lately: plugins read and write there. What is written into the folder is in the
 * bucket before its row is stored.
 */
import { createReadStream, lstatSync, utimesSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { FileContents, SharedContents, WrittenContent } from "../../ports/file-contents.ts";
import type { LocalContents } from "../local-contents.ts";
import type { Bucket } from "./bucket.ts";
import { createBucketOwner } from "./bucket-owner.ts";
import { keyOf, unusedKeyOf } from "./object-keys.ts";
import { repeat } from "./repeat.ts";
import { bucketGroups, isBucketGroup, sweepBucket } from "./sweep-bucket.ts";
import { chunksOf, damaged, onlyWhole } from "./whole-stream.ts";

/** A client waits. It can send its request again. */
const REQUEST_REPEAT_MS = 3_000;
/** The step holds a thread, and its job's retry policy can run it again. */
const BRING_REPEAT_MS = 60_000;
/** The work of the step, which can have taken hours, would be lost. */
const SHARE_REPEAT_MS = 10 * 60_000;

export interface S3Contents extends FileContents {
  readonly shared: SharedContents;
  /** Rejects with `BucketFailed` if what is in the bucket belongs to another database. */
  own(): Promise<void>;
  /** Ends what goes on. */
  close(): Promise<void>;
}

export function createS3Contents({
  bucket,
  local,
  databaseId,
  repeatFor: { requestMs, bringMs, shareMs } = {
    requestMs: REQUEST_REPEAT_MS,
    bringMs: BRING_REPEAT_MS,
    shareMs: SHARE_REPEAT_MS,
  },
}: {
  readonly bucket: Bucket;
  readonly local: LocalContents;
  /** Asked for before the first write and at each sweep. */
  readonly databaseId: () => Promise<string>;
  /** How long requests to the bucket are repeated. */
  readonly repeatFor?: {
    readonly requestMs: number;
    readonly bringMs: number;
    readonly shareMs: number;
  };
}): S3Contents {
  const closing = new AbortController();
  const owner = createBucketOwner(bucket, databaseId);

  async function put({ sha256, size }: WrittenContent, signal: AbortSignal): Promise<void> {
    await owner.require(signal);
    const path = local.pathOf(sha256);
    await stat(path);
    await bucket.put(keyOf(sha256), { sha256, size, body: createReadStream(path) }, signal);
  }

  const shared = createShared({ bucket, local, put, bringMs, shareMs, closing: closing.signal });

  return {
    shared,
    async write(source, options) {
      const written = await local.write(source, options);
      const { signal } = closing;
      await repeat(() => put(written, signal), { forMs: requestMs, signal });
      return written;
    },
    async read(sha256, range) {
      const here = await local.read(sha256, range);
      if (here !== null) return here;
      const { signal } = closing;
      const options = { range, signal };
      const stream = await repeat(() => get(sha256, bucket, options), { forMs: requestMs, signal });
      if (stream === null || range !== undefined) return stream;
      return Readable.from(onlyWhole(stream, sha256), { objectMode: false });
    },
    groups: async () => [...(await local.groups()), ...bucketGroups()],
    sweep: (group, request) =>
      isBucketGroup(group)
        ? sweepBucket(group, { bucket, owner, local, put, request })
        : local.sweep(group, request),
    own: () => owner.check(closing.signal),
    async close() {
      closing.abort(new Error("The daemon is stopping."));
      await bucket.close();
    },
  };
}

function createShared({
  bucket,
  local,
  put,
  bringMs,
  shareMs,
  closing,
}: {
  readonly bucket: Bucket;
  readonly local: LocalContents;
  readonly put: (content: WrittenContent, signal: AbortSignal) => Promise<void>;
  readonly bringMs: number;
  readonly shareMs: number;
  readonly closing: AbortSignal;
}): SharedContents {
  /** Steps that begin at the same time can name the same content. */
  const bringing = new Map<string, Promise<void>>();

  async function fetch({ sha256, size }: WrittenContent): Promise<void> {
    const stream = await get(sha256, bucket, { signal: closing });
    if (stream === null) {
      throw new Error(`The content ${sha256} is neither in the bucket nor on this daemon's disk.`);
    }
    try {
      await local.write(chunksOf(stream), {
        size,
        check(bytes) {
          if (bytes > size) throw damaged(sha256);
        },
        accept(written) {
          if (written.sha256 !== sha256) throw damaged(sha256);
        },
      });
    } finally {
      stream.destroy();
    }
  }

  /** Several can wait for it. None of them ends it for the others. */
  function fetchOnce(content: WrittenContent): Promise<void> {
    const { sha256 } = content;
    const known = bringing.get(sha256);
    if (known !== undefined) return known;
    const begun = repeat(() => fetch(content), { forMs: bringMs, signal: closing }).finally(() =>
      bringing.delete(sha256),
    );
    bringing.set(sha256, begun);
    return begun;
  }

  return {
    async bring(contents, signal) {
      for (const content of contents) {
        if (!isHere(local.pathOf(content.sha256), content.size)) {
          await orAborted(fetchOnce(content), signal);
        }
      }
    },
    async share(contents, signal) {
      const either = AbortSignal.any([signal, closing]);
      for (const content of contents) {
        await repeat(() => put(content, either), { forMs: shareMs, signal: either });
      }
    },
  };
}

async function get(
  sha256: string,
  bucket: Bucket,
  options: Parameters<Bucket["get"]>[1],
): Promise<Readable | null> {
  const [key, unusedKey] = [keyOf(sha256), unusedKeyOf(sha256)];
  // A sweep can have moved a content that has got a file since, and be just moving it back.
  return (
    (await bucket.get(key, options)) ??
    (await bucket.get(unusedKey, options)) ??
    bucket.get(key, options)
  );
}

/**
 * Whether the folder has the content, which is then as new as if it were written now: no sweep removes it
 * while the step runs. Synchronous, like the removal, so that nothing comes between.
 */
function isHere(path: string, size: number): boolean {
  try {
    if (lstatSync(path).size !== size) return false;
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  // Nobody may be left who waits for it.
  work.catch(() => {});
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
