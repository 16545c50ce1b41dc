/**
 * The object that says to which database what is below the prefix belongs. A daemon of another one would
 * find no file that has these contents, and remove them all.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Bucket } from "./bucket.ts";
import { BucketFailed } from "./bucket-failed.ts";
import { chunksOf } from "./whole-stream.ts";

/** No daemon gives a content such a key. */
const KEY = "owner";

export interface BucketOwner {
  /** Rejects if the contents belong to another database. If they belong to none, this one takes them. */
  check(signal: AbortSignal): Promise<void>;
  /** Like `check`, but asks the bucket only until it has succeeded. */
  require(signal: AbortSignal): Promise<void>;
}

export function createBucketOwner(bucket: Bucket, databaseId: () => Promise<string>): BucketOwner {
  let isChecked = false;

  async function find(signal: AbortSignal): Promise<string | null> {
    const stream = await bucket.get(KEY, { signal });
    return stream && text(chunksOf(stream));
  }

  async function make(id: string, signal: AbortSignal): Promise<void> {
    const [sha256, size] = [createHash("sha256").update(id).digest("hex"), Buffer.byteLength(id)];
    const put = (onlyNew: boolean): Promise<void> =>
      bucket.put(KEY, { sha256, size, onlyNew, body: Readable.from([Buffer.from(id)]) }, signal);
    try {
      await put(true);
    } catch (error) {
      const { status } = error as BucketFailed;
      // Another daemon has made it, or is just making it.
      if (status === 412 || status === 409) return;
      // Not every server knows `If-None-Match`.
      if (status !== 501) throw error;
      await put(false);
    }
  }

  async function check(signal: AbortSignal): Promise<void> {
    isChecked = false;
    const id = await databaseId();
    let owner = await find(signal);
    if (owner === null) {
      await make(id, signal);
      owner = await find(signal);
    }
    if (owner !== id) throw otherOwner(bucket);
    isChecked = true;
  }

  return {
    check,
    async require(signal) {
      if (!isChecked) await check(signal);
    },
  };
}

function otherOwner({ prefix }: Bucket): BucketFailed {
  const said = `the contents below the prefix ${JSON.stringify(prefix)} of the bucket belong to another database, as the object ${JSON.stringify(`${prefix}${KEY}`)} says`;
  return new BucketFailed(said, { s3Code: "OtherOwner", isPassing: false });
}
