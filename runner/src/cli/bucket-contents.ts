/** What commands need of the bucket in which daemons share the contents of files. */
import type { Settings } from "../config.ts";
import { createLocalContents } from "../files/local-contents.ts";
import type { BucketFailed } from "../files/s3/bucket-failed.ts";
import { contentsPath } from "../startup/contents-path.ts";
import { openBucket } from "../startup/open-contents.ts";
import type { ListedContent } from "../store/shared/database-report.ts";
import { CommandFailed } from "./command-failed.ts";

/** Returns the contents that the bucket lacks, or has with another size. Null if no bucket is set. */
export async function missingInBucket(
  contents: readonly ListedContent[],
  settings: Settings,
): Promise<readonly string[] | null> {
  const bucket = await openBucket(settings);
  if (bucket === null) return null;
  const { parseKey } = await import("../files/s3/object-keys.ts");
  const sizes = new Map<string, number>();
  try {
    for await (const { objects } of bucket.list("")) {
      for (const { key, size } of objects) {
        const parsed = parseKey(key);
        if (parsed !== null) sizes.set(parsed.sha256, size);
      }
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    await bucket.close();
  }
  return contents
    .filter(({ sha256, size }) => sizes.get(sha256) !== size)
    .map(({ sha256 }) => sha256);
}

/**
 * Copies contents that the data folder lacks from the bucket into it, if one is set. Those that the bucket
 * lacks too stay missing.
 */
export async function bringFromBucket(
  contents: readonly ListedContent[],
  settings: Settings,
): Promise<void> {
  const bucket = await openBucket(settings);
  if (bucket === null) return;
  const { createS3Contents } = await import("../files/s3/s3-contents.ts");
  const { BucketFailed: Failed } = await import("../files/s3/bucket-failed.ts");
  const local = createLocalContents(contentsPath(settings));
  const databaseId = (): never => {
    throw new Error("A command writes nothing into the bucket.");
  };
  const s3 = createS3Contents({ bucket, local, databaseId });
  const { signal } = new AbortController();
  try {
    for (const content of contents) {
      await s3.shared.bring([content], signal).catch((error: unknown) => {
        if (error instanceof Failed || (error as NodeJS.ErrnoException).code === "ENOSPC")
          throw error;
      });
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    await s3.close();
  }
}

function unreachable(cause: unknown): CommandFailed {
  const { message } = cause as BucketFailed;
  return new CommandFailed(
    1,
    `The contents of files cannot be read from the bucket of PLAYGROUND_FILES_S3_URL: ${message}.`,
    { cause },
  );
}
