/** Request bodies with a Content-Encoding. What they inflate to is limited like any body. */
import type { ServerResponse } from "node:http";
import { promisify } from "node:util";
import { unzip } from "node:zlib";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";

const ACCEPTED = ["gzip", "deflate"] as const;
/** RFC 9110 §8.4.1.3: recipients treat `x-gzip` as `gzip`. */
const KNOWN: ReadonlySet<string> = new Set([...ACCEPTED, "x-gzip"]);

/** For all requests in flight together, in bytes. Admission control counts only the bytes received. */
const MAX_INFLATED_BYTES = 128 * 1024 * 1024;
/** Deflate's highest ratio (zlib's technical details). A small body reserves no more than it can become. */
const MAX_RATIO = 1032;
const RATIO_SLACK_BYTES = 1024;

const inflate = promisify(unzip);

/**
 * Refuses other encodings before the body is read, and returns a function that inflates a body in
 * zlib's threads. The bytes it becomes stay reserved until the response has ended.
 */
export function registerInflate(app: FastifyInstance, limitBytes: number) {
  const responses = new WeakMap<FastifyRequest, ServerResponse>();
  let reserved = 0;

  app.addHook("preParsing", (...[request, reply, payload, done]) => {
    const encoding = encodingOf(request);
    if (encoding === null || request.is404) return done(null, payload);
    responses.set(request, reply.raw);
    if (KNOWN.has(encoding)) return done(null, payload);
    // RFC 9110 §15.5.16: the response says which encodings it could have been.
    reply.header("accept-encoding", ACCEPTED.join(", "));
    const detail = `Content-Encoding is ${JSON.stringify(encoding)}: it must be ${ACCEPTED.join(" or ")}, or left out.`;
    done(new Refused("CONTENT_TYPE_UNSUPPORTED", detail));
  });

  return async (request: FastifyRequest, body: Buffer): Promise<Buffer> => {
    const response = responses.get(request);
    if (response === undefined) return body;
    const most = Math.min(limitBytes, body.length * MAX_RATIO + RATIO_SLACK_BYTES);
    if (reserved + most > MAX_INFLATED_BYTES) {
      const detail = `The compressed bodies of the requests in flight are up to ${reserved} bytes without their compression. With this request they would be more than ${MAX_INFLATED_BYTES}.`;
      throw new Refused("OVERLOADED", detail, { isAdjustable: false });
    }
    reserved += most;
    let held = most;
    try {
      const bytes = await inflate(body, { maxOutputLength: most });
      reserved -= held - bytes.length;
      held = bytes.length;
      return bytes;
    } catch (error) {
      throw toRefused(error as NodeJS.ErrnoException, encodingOf(request), limitBytes);
    } finally {
      if (response.closed) reserved -= held;
      else response.once("close", () => (reserved -= held));
    }
  };
}

/** Null for a body that is sent as it is. */
function encodingOf({ headers }: FastifyRequest): string | null {
  const encoding = headers["content-encoding"]?.trim().toLowerCase();
  return encoding === undefined || encoding === "" || encoding === "identity" ? null : encoding;
}

function toRefused(
  error: NodeJS.ErrnoException,
  encoding: string | null,
  limitBytes: number,
): Refused {
  return error.code === "ERR_BUFFER_TOO_LARGE"
    ? new Refused(
        "BODY_TOO_LARGE",
        `The request's body is over ${limitBytes} bytes without its compression: it must be at most ${limitBytes} bytes.`,
      )
    : new Refused("BODY_NOT_JSON", `The body is not valid ${encoding}: ${error.message}.`);
}
