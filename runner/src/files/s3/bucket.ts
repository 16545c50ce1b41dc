/**
 * The few requests to an S3-compatible server that contents of files need. The bucket is in the path of
 * the URL, which every such server understands.
 */
import type { Readable } from "node:stream";
import { AwsV4Signer } from "aws4fetch";
import { Agent, type Dispatcher } from "undici";
import type { ByteRange } from "../../domain/byte-range.ts";
import { BucketFailed } from "./bucket-failed.ts";
import { parseError, parsePage, type BucketObject } from "./xml.ts";

/** An answer takes long when the server first stores gigabytes. Counted from the last byte sent. */
const ANSWER_MS = 120_000;
/** Without a byte of the answer's body. */
const STALLED_MS = 60_000;
const CONNECT_MS = 10_000;
/** A page of 1,000 objects is about 400 KB. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Errors of S3 after which the same request can succeed, besides those of the network and of servers. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "RequestTimeout",
  "SlowDown",
  "TooManyRequests",
  "OperationAborted",
]);

export interface BucketSettings {
  /** With the bucket, and an optional prefix, as its path. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Rejects with `BucketFailed`. Keys are relative to the prefix. */
export interface Bucket {
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  /** Stores an object, whose hash the server checks if it can. */
  put(
    key: string,
    content: {
      readonly sha256: string;
      readonly size: number;
      readonly body: Readable;
      /** Rejects with the status 412 or 409 if there is such an object, and the server can do that. */
      readonly onlyNew?: boolean;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** Null if there is no such object. */
  get(
    key: string,
    options: { readonly range?: ByteRange | undefined; readonly signal?: AbortSignal },
  ): Promise<Readable | null>;
  /** The objects whose key begins so, in pages. `now` is the time of the server's clock. */
  list(
    keyPrefix: string,
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly objects: readonly BucketObject[]; readonly now: number }>;
  /** Rejects if there is no list of objects to be had. */
  check(): Promise<void>;
  copy(from: string, to: string, signal?: AbortSignal): Promise<void>;
  /** Succeeds if there is no such object. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface S3Request {
  readonly method: "GET" | "PUT" | "DELETE";
  /** In the bucket, with the prefix. Empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly sha256?: string;
  readonly body?: Readable;
  readonly signal?: AbortSignal | undefined;
}

export function createBucket(settings: BucketSettings): Bucket {
  const requests = createRequests(settings);
  const { origin, bucket, prefix, send, text } = requests;

  async function page(keyPrefix: string, more: Record<string, string>, signal?: AbortSignal) {
    const query = { "list-type": "2", prefix: `${prefix}${keyPrefix}`, ...more };
    const answer = await text({ method: "GET", key: "", query, signal });
    try {
      return { ...parsePage(answer.text), now: answer.now };
    } catch (cause) {
      const message = `${origin} is no S3-compatible server: ${(cause as Error).message}`;
      throw new BucketFailed(message, { s3Code: "NoList", isPassing: false }, { cause });
    }
  }

  return {
    prefix,
    async put(key, { sha256, size, body, onlyNew = false }, signal) {
      const headers = {
        "content-length": String(size),
        ...(onlyNew && { "if-none-match": "*" }),
      };
      await text({ method: "PUT", key: `${prefix}${key}`, sha256, headers, body, signal });
    },
    async get(key, { range, signal }) {
      const headers = range && { range: `bytes=${range.start}-${range.end}` };
      const response = await send({
        method: "GET",
        key: `${prefix}${key}`,
        ...(headers && { headers }),
        signal,
      });
      const { statusCode } = response;
      if (statusCode === (range === undefined ? 200 : 206)) return response.body;
      const answer = await readText(response, { origin, signal });
      const failed = refused(statusCode, answer, bucket);
      if (statusCode === 404 && failed.s3Code !== "NoSuchBucket") return null;
      throw failed;
    },
    async *list(keyPrefix, signal) {
      let token: string | null = null;
      do {
        const more: Record<string, string> = token === null ? {} : { "continuation-token": token };
        const { objects, next, now } = await page(keyPrefix, more, signal);
        yield {
          now,
          objects: objects.map((each) => ({ ...each, key: each.key.slice(prefix.length) })),
        };
        token = next;
      } while (token !== null);
    },
    async check() {
      await page("", { "max-keys": "1" });
    },
    async copy(from, to, signal) {
      const headers = { "x-amz-copy-source": encodeURI(`/${bucket}/${prefix}${from}`) };
      const answer = await text({ method: "PUT", key: `${prefix}${to}`, headers, signal });
      // S3 can find out that it failed when it has already sent the status.
      const error = parseError(answer.text);
      if (error !== null) throw refused(500, answer.text, bucket);
    },
    async remove(key, signal) {
      await text({ method: "DELETE", key: `${prefix}${key}`, signal });
    },
    close: requests.close,
  };
}

/** Signs and sends requests. */
function createRequests(settings: BucketSettings) {
  const { origin, pathname } = new URL(settings.url);
  const [bucket = "", ...rest] = pathname.split("/").filter((part) => part !== "");
  const prefix = rest.map((part) => `${part}/`).join("");
  const agent = new Agent({
    connections: 32,
    allowH2: false,
    headersTimeout: ANSWER_MS,
    bodyTimeout: STALLED_MS,
    connect: { timeout: CONNECT_MS },
  });
  const keys = new Map<string, ArrayBuffer>();

  async function send(request: S3Request): Promise<Dispatcher.ResponseData> {
    const { method, key, query = {}, body, signal } = request;
    const url = new URL(`${origin}/${bucket}${key === "" ? "" : `/${key}`}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { region, accessKeyId, secretAccessKey } = settings;
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...request.headers, "x-amz-content-sha256": request.sha256 ?? EMPTY_SHA256 },
      service: "s3",
      region,
      accessKeyId,
      secretAccessKey,
      cache: keys,
    });
    const signed = await signer.sign();
    try {
      return await agent.request({
        origin,
        method,
        path: `${signed.url.pathname}${signed.url.search}`,
        headers: Object.fromEntries(signed.headers),
        ...(body !== undefined && { body }),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      throw networkFailed(error, { origin, signal });
    } finally {
      body?.destroy();
    }
  }

  /** The text of an answer whose status is 2xx. */
  async function text(request: S3Request): Promise<{ text: string; now: number }> {
    const response = await send(request);
    const answer = await readText(response, { origin, signal: request.signal });
    if (response.statusCode >= 300) throw refused(response.statusCode, answer, bucket);
    const date = Date.parse(String(response.headers["date"]));
    return { text: answer, now: Number.isNaN(date) ? Date.now() : date };
  }

  return { origin, bucket, prefix, send, text, close: () => agent.destroy() };
}

async function readText(
  { body }: Dispatcher.ResponseData,
  at: { readonly origin: string; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_TEXT_BYTES) throw new Error(`the answer has over ${MAX_TEXT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw networkFailed(error, at);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function networkFailed(
  cause: unknown,
  { origin, signal }: { readonly origin: string; readonly signal: AbortSignal | undefined },
): unknown {
  if (signal?.aborted === true) return signal.reason;
  const { code, message } = cause as NodeJS.ErrnoException;
  const s3Code = typeof code === "string" ? code : "ERROR";
  return new BucketFailed(
    `${origin} cannot be reached: ${message || s3Code}`,
    { s3Code, isPassing: true },
    { cause },
  );
}

function refused(status: number, answer: string, bucket: string): BucketFailed {
  const { code, message } = parseError(answer) ?? { code: "", message: "" };
  const s3Code = code || `HTTP_${status}`;
  const isPassing = status >= 500 || status === 429 || PASSING_CODES.has(s3Code);
  const said = message === "" ? s3Code : `${s3Code}, ${message}`;
  return new BucketFailed(`The bucket ${bucket} refuses the request: ${said}`, {
    s3Code,
    status,
    isPassing,
  });
}
