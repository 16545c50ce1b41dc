/** Request bodies with a Content-Encoding. What they inflate to is limited like any body. */
import type { Readable } from "node:stream";
import { createUnzip } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import type { BodyLimits } from "./receive-body.ts";

const ACCEPTED = ["gzip", "deflate"] as const;
/** RFC 9110 §8.4.1.3: recipients treat `x-gzip` as `gzip`. */
const KNOWN: ReadonlySet<string> = new Set([...ACCEPTED, "x-gzip"]);

/** A quarter of the trips to zlib's threads that its default of 16 KiB needs. */
const CHUNK_BYTES = 64 * 1024;

/** Refuses other encodings before the body is read. */
export function registerEncodings(app: FastifyInstance): void {
  app.addHook("preParsing", (...[request, reply, payload, done]) => {
    const encoding = encodingOf(request);
    if (encoding === null || KNOWN.has(encoding)) return done(null, payload);
    // RFC 9110 §15.5.16: the response says which encodings it could have been.
    reply.header("accept-encoding", ACCEPTED.join(", "));
    const detail = `Content-Encoding is ${JSON.stringify(encoding)}: it must be ${ACCEPTED.join(" or ")}, or left out.`;
    done(new Refused("CONTENT_TYPE_UNSUPPORTED", detail));
  });
}

/** Returns `payload` without its encoding. zlib's threads inflate it as it arrives. */
export function inflate(
  request: FastifyRequest,
  payload: Readable,
  { maxBytes, tooLarge }: BodyLimits,
): Readable {
  const encoding = encodingOf(request);
  if (encoding === null) return payload;
  const unzip = createUnzip({ chunkSize: CHUNK_BYTES });
  let received = 0;
  payload.on("data", (chunk: Buffer) => {
    received += chunk.length;
    // Empty gzip members one after another inflate to nothing.
    if (received > maxBytes) unzip.destroy(tooLarge(request));
  });
  payload.once("error", (error) => unzip.destroy(error));
  return payload.pipe(unzip);
}

/** Turns an error of zlib into one for the client. Returns other errors as they are. */
export function explainInflateError(request: FastifyRequest, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("Z_") !== true) return error;
  return new Refused("BODY_NOT_JSON", `The body is not valid ${encodingOf(request)}: ${message}.`);
}

/** Null for a body that is sent as it is. */
function encodingOf({ headers }: FastifyRequest): string | null {
  const encoding = headers["content-encoding"]?.trim().toLowerCase();
  return encoding === undefined || encoding === "" || encoding === "identity" ? null : encoding;
}
