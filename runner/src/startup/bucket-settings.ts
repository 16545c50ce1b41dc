/** The settings of a bucket for the contents of files. */
import { z } from "zod";
import { parsed } from "./setting-types.ts";

/** S3 takes no larger object in one request. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;
const EXAMPLE = "https://s3.eu-central-1.amazonaws.com/BUCKET/PREFIX";
const PATH = /^(\/[\w.-]+)+\/?$/;

export const BUCKET_SETTINGS = {
  filesS3Url: parsed(parseBucketUrl)
    .optional()
    .describe(
      `URL of a bucket on an S3-compatible server in which several daemons share the contents of files, such as \`${EXAMPLE}\`. The prefix can be left out. Each daemon keeps what it uses in its data folder, too. Default: the contents are in the data folder only.`,
    ),
  filesS3Region: z
    .string()
    .regex(/^[\w-]{1,64}$/, "must be the name of a region, such as eu-central-1")
    .default("us-east-1")
    .describe("Region of the bucket. Servers other than Amazon's often have only the default."),
  filesS3AccessKeyId: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, "must be printable ASCII without spaces")
    .optional()
    .describe(
      "Id of the access key of the bucket. It must be allowed to list the bucket, and to read, write and delete its objects.",
    ),
  filesS3SecretAccessKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, "must be printable ASCII without spaces")
    .optional()
    .describe(
      "Secret of the access key of the bucket. Use the variable or the file, because other users of the machine can see the flag.",
    ),
  filesS3SecretAccessKeyFile: z
    .string()
    .min(1, "must be the path of a file")
    .optional()
    .describe(
      "File that contains the secret of the access key of the bucket. It takes the place of the secret.",
    ),
} as const;

/** Returns the URL. An error's message continues "it ". */
function parseBucketUrl(text: string): string {
  const url = URL.parse(text);
  const isRight =
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (!isRight) throw new Error(`must be an http or https URL such as ${EXAMPLE}, without a key`);
  if (!PATH.test(url.pathname)) {
    throw new Error(
      `must be a URL such as ${EXAMPLE}, with the bucket in its path, and only letters, digits, ".", "_" and "-" in the parts of the path`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

interface Values {
  readonly filesS3Url?: string | undefined;
  readonly filesS3AccessKeyId?: string | undefined;
  readonly filesS3SecretAccessKey?: string | undefined;
  readonly fileLimit: number;
}

/** What is wrong with settings of a bucket that are right on their own. */
export function bucketIssues({
  filesS3Url,
  filesS3AccessKeyId,
  filesS3SecretAccessKey,
  fileLimit,
}: Values): readonly { readonly path: readonly [string]; readonly message: string }[] {
  const keys = { filesS3AccessKeyId, filesS3SecretAccessKey };
  if (filesS3Url === undefined) {
    const given = Object.entries(keys).find(([, value]) => value !== undefined);
    if (given === undefined) return [];
    return [{ path: [given[0]], message: "must be left out, or PLAYGROUND_FILES_S3_URL set too" }];
  }
  const issues = Object.entries(keys)
    .filter(([, value]) => value === undefined)
    .map(([key]) => ({
      path: [key] as const,
      message: "must be set if PLAYGROUND_FILES_S3_URL is set",
    }));
  if (fileLimit <= MAX_OBJECT_BYTES) return issues;
  const message = `must be at most ${MAX_OBJECT_BYTES} if PLAYGROUND_FILES_S3_URL is set: S3 takes no larger object in one request`;
  return [...issues, { path: ["fileLimit"], message }];
}
