/**
 * A bucket on a real S3-compatible server, s3rver, in this process. What it does not do as Amazon's: it
 * checks signatures, but neither the clock nor the hash of a body; an upload that is cut off leaves a
 * part of an object; it answers every region; and it cannot list over 1,000 objects, because its tokens
 * need a cipher that OpenSSL 3 does not have. Tests of these give the answers that Amazon documents.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

interface S3rver {
  readonly logger: { readonly exceptions: { unhandle(): void }; close(): void };
  configureBuckets(): Promise<unknown>;
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
}

const require = createRequire(import.meta.url);
const S3rverClass = require("@20minutes/s3rver") as new (options: object) => S3rver;

const BUCKET = "files";
const PREFIX = "playground";
const SUFFIX = "._S3rver_object";
/** The only key that the server knows. */
const KEY = "S3RVER";

export interface S3Server {
  readonly url: string;
  readonly settings: {
    readonly url: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  /** The settings of a daemon that uses the bucket. */
  readonly env: Readonly<Record<string, string>>;
  /** Method and key of each request. */
  readonly requests: string[];
  /** Answers in place of the server, if it returns true. */
  answer: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  /** Called before the end of the server's answer. */
  beforeEnd: ((request: IncomingMessage) => Promise<void>) | null;
  /** The keys in the bucket, with the prefix. Without that of the object that names the database. */
  keys(): Promise<string[]>;
  /** Writes an object past the server, which was last modified so many days ago. */
  place(key: string, content: string, days?: number): Promise<void>;
  /** Removes an object past the server. */
  remove(key: string): Promise<void>;
  /** As if the object had been last modified so many days ago. */
  makeOld(key: string, days: number): Promise<void>;
  close(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const directory = await mkdtemp(join(tmpdir(), "s3-"));
  const s3 = new S3rverClass({ directory, silent: true, configureBuckets: [{ name: BUCKET }] });
  await s3.configureBuckets();
  const handle = s3.callback();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://localhost").pathname;
    requests.push(`${request.method} ${path.slice(`/${BUCKET}/`.length)}`);
    if (started.answer?.(request, response) === true) return;
    const { beforeEnd } = started;
    if (beforeEnd !== null) {
      const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
      response.end = (...args: unknown[]) => {
        void beforeEnd(request).then(() => end(...args));
        return response;
      };
    }
    handle(request, response);
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/${BUCKET}/${PREFIX}`;
  const settings = { url, region: "us-east-1", accessKeyId: KEY, secretAccessKey: KEY };
  const pathOf = (key: string): string => join(directory, BUCKET, `${key}${SUFFIX}`);

  async function makeOld(key: string, days: number): Promise<void> {
    const at = new Date(Date.now() - days * 24 * 60 * 60_000);
    await utimes(pathOf(key), at, at);
  }

  const started: S3Server = {
    url,
    settings,
    env: {
      PLAYGROUND_FILES_S3_URL: url,
      PLAYGROUND_FILES_S3_ACCESS_KEY_ID: KEY,
      PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY: KEY,
    },
    requests,
    answer: null,
    beforeEnd: null,
    async keys() {
      const root = join(directory, BUCKET);
      const entries = await readdir(root, { recursive: true });
      return entries
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => name.slice(0, -SUFFIX.length))
        .filter((key) => key !== `${PREFIX}/owner`)
        .toSorted();
    },
    async place(key, content, days = 0) {
      await mkdir(dirname(pathOf(key)), { recursive: true });
      await writeFile(pathOf(key), content);
      await writeFile(`${pathOf(key)}.md5`, createHash("md5").update(content).digest("hex"));
      const metadata = pathOf(key).replace(/_object$/, "_metadata.json");
      await writeFile(metadata, "{}");
      await makeOld(key, days);
    },
    remove: (key) => rm(pathOf(key)),
    makeOld,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      s3.logger.exceptions.unhandle();
      s3.logger.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return started;
}

/** Answers as Amazon documents the error. */
export function answerError(status: number, code: string, message = "No.") {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    request.resume();
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    );
    return true;
  };
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}
