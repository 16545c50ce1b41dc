import { randomUUID } from "node:crypto";
import type { Settings } from "../config.ts";
import { createLocalContents } from "../files/local-contents.ts";
import type { Bucket } from "../files/s3/bucket.ts";
import type { BucketFailed } from "../files/s3/bucket-failed.ts";
import type { FileContents } from "../ports/file-contents.ts";
import type { Store } from "../ports/store/store.ts";
import { CannotStart } from "./cannot-start.ts";
import { contentsPath } from "./contents-path.ts";

/** The key in the store of the text by which a bucket knows the database. */
const DATABASE_ID = "files-bucket";

export interface OpenContents {
  readonly contents: FileContents;
  /** Throws `CannotStart` if the bucket belongs to another database. Called when the store is open. */
  own(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the folder with the contents of files, and the bucket if one is set. A bucket that cannot be
 * reached now does not keep the daemon from its start. Throws `CannotStart` if the bucket refuses it.
 */
export async function openContents(
  settings: Settings,
  {
    say,
    store,
  }: {
    readonly say: (line: string) => void;
    /** Called when it is open. */
    readonly store: () => Pick<Store, "addMeta" | "meta">;
  },
): Promise<OpenContents> {
  const local = createLocalContents(contentsPath(settings));
  const bucket = await openBucket(settings);
  if (bucket === null) return { contents: local, own: async () => {}, close: async () => {} };
  let isReached = false;
  try {
    isReached = await isReady(() => bucket.check(), settings, say);
  } catch (error) {
    await bucket.close();
    throw error;
  }
  const { createS3Contents } = await import("../files/s3/s3-contents.ts");
  const contents = createS3Contents({ bucket, local, databaseId: () => databaseId(store()) });
  return {
    contents,
    async own() {
      // Otherwise the first write and the first sweep ask.
      if (isReached) await isReady(() => contents.own(), settings, say);
    },
    close: () => contents.close(),
  };
}

async function databaseId(store: Pick<Store, "addMeta" | "meta">): Promise<string> {
  return (await store.meta(DATABASE_ID)) ?? store.addMeta(DATABASE_ID, randomUUID());
}

/** Null if none is set. Loads what it needs only then. */
export async function openBucket(settings: Settings): Promise<Bucket | null> {
  const { filesS3Url: url, filesS3Region: region } = settings;
  if (url === undefined) return null;
  const { createBucket } = await import("../files/s3/bucket.ts");
  const { filesS3AccessKeyId: accessKeyId = "", filesS3SecretAccessKey: secretAccessKey = "" } =
    settings;
  return createBucket({ url, region, accessKeyId, secretAccessKey });
}

/** False, with a warning, if the bucket cannot be reached now. */
async function isReady(
  act: () => Promise<void>,
  settings: Settings,
  say: (line: string) => void,
): Promise<boolean> {
  const { BucketFailed } = await import("../files/s3/bucket-failed.ts");
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof BucketFailed)) throw error;
    if (!error.isPassing) throw new CannotStart(explain(error, settings), { cause: error });
    say(
      `Warning: ${error.message}. Until the bucket of PLAYGROUND_FILES_S3_URL can be reached, uploads are refused, and steps with files fail.`,
    );
    return false;
  }
}

/** Names the setting that is to be changed. */
function explain({ s3Code, message, status }: BucketFailed, settings: Settings): string {
  const { filesS3Url, filesS3Region, filesS3AccessKeyId } = settings;
  const [url, region, key] = [filesS3Url, filesS3Region, filesS3AccessKeyId].map((value) =>
    JSON.stringify(value),
  );
  switch (s3Code) {
    case "RequestTimeTooSkewed":
      return `PLAYGROUND_FILES_S3_URL is ${url}: the clock of this machine must be that of the server within 15 minutes. Set the clock (${message}).`;
    case "InvalidAccessKeyId":
      return `PLAYGROUND_FILES_S3_ACCESS_KEY_ID is ${key}: it must be a key that the server knows (${message}).`;
    case "SignatureDoesNotMatch":
      return `PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY is (not shown): it must be the secret of the key ${key} (${message}).`;
    case "AuthorizationHeaderMalformed":
    case "PermanentRedirect":
    case "TemporaryRedirect":
    case "IllegalLocationConstraintException":
      return `PLAYGROUND_FILES_S3_REGION is ${region}: it must be the region of the bucket, and PLAYGROUND_FILES_S3_URL the address of that region (${message}).`;
    case "OtherOwner":
      return `PLAYGROUND_FILES_S3_URL is ${url}: it must have a prefix that only daemons of this database use (${message}). Give another prefix. If this database took the place of the other one on purpose, delete that object.`;
    case "NoSuchBucket":
      return `PLAYGROUND_FILES_S3_URL is ${url}: it must name a bucket that exists (${message}).`;
    default:
      return status === 403
        ? `PLAYGROUND_FILES_S3_ACCESS_KEY_ID is ${key}: it must be a key that is allowed to list the bucket of PLAYGROUND_FILES_S3_URL, and to read, write and delete its objects (${message}).`
        : `PLAYGROUND_FILES_S3_URL is ${url}: it must be a bucket of an S3-compatible server (${message}).`;
  }
}
