import type { Readable } from "node:stream";
import { setImmediate as nextIteration } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { decodeBody } from "./decode-body.ts";
import { parseExactNumbers } from "./exact-numbers.ts";
import { explainInflateError, inflate, registerEncodings } from "./inflate-body.ts";
import { MAX_DEPTH, MAX_VALUES, scanJson } from "./json-structure.ts";
import { hasPoisonedKey } from "./poisoned-keys.ts";
import { rateOverMsOf, receiveBody, type BodyLimits, type ReceivedBody } from "./receive-body.ts";

/**
 * What a value counts as, in bytes. Measured: 8 for a number in a list, 32 for a short string, 64 for
 * an empty object, 92 when each object has a key of its own.
 */
const BYTES_PER_VALUE = 64;

/** Larger bodies are parsed one in each event loop iteration. Many can end in the same one. */
const LARGE_BODY_BYTES = 1024 * 1024;

const LARGER_INPUT =
  "For a larger input, pass a file in the files folder or a URL to a plugin that accepts one.";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route's own body limit, in bytes. */
    maxBodyBytes?: number;
  }
}

interface JsonBodySettings {
  readonly bodyLimit: number;
  readonly requestTimeoutMs: number;
}

/** Parses JSON bodies. An empty body counts as no body, because clients also send a type without one. */
export function registerJsonBody(app: FastifyInstance, settings: JsonBodySettings): void {
  const { bodyLimit, requestTimeoutMs } = settings;
  const rateOverMs = rateOverMsOf(requestTimeoutMs);
  const limits: BodyLimits = {
    maxBytes: bodyLimit,
    tooLarge: ({ headers }) => tooLarge(headers["content-length"], bodyLimit),
    rateOverMs,
  };
  function limitsOf({ routeOptions }: FastifyRequest): BodyLimits {
    const { maxBodyBytes } = routeOptions.config;
    if (maxBodyBytes === undefined || maxBodyBytes > bodyLimit) return limits;
    const detail = `The request's body is over ${maxBodyBytes} bytes, which is the limit of this route.`;
    return {
      ...limits,
      maxBytes: maxBodyBytes,
      tooLarge: () => new Refused("BODY_TOO_LARGE", detail, { isAdjustable: false }),
    };
  }
  const noBody: BodyLimits = {
    maxBytes: 0,
    tooLarge: () => new Refused("CONTENT_TYPE_UNSUPPORTED"),
    rateOverMs,
  };

  let lastLarge: Promise<unknown> = Promise.resolve();
  registerEncodings(app);
  // Fastify refuses a type that it cannot read even when there is no body. An empty file has one.
  app.addHook("onRequest", (request, _reply, done) => {
    const { headers, routeOptions } = request;
    if (routeOptions.config.isRawBody) return done();
    if (headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0)) {
      delete headers["content-type"];
    }
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    async (request: FastifyRequest, payload: Readable) => {
      const received = await receive(request, payload, limitsOf(request));
      if (received.bytes.length > LARGE_BODY_BYTES) {
        lastLarge = lastLarge.then(() => nextIteration());
        await lastLarge;
      }
      return received.bytes.length === 0 ? undefined : parseBody(request, received, bodyLimit);
    },
  );
  // A body in chunks is empty when its first chunk is the last one.
  app.addContentTypeParser("*", async (request: FastifyRequest, payload: Readable) => {
    await receiveBody(request, () => payload, noBody);
  });
}

async function receive(
  request: FastifyRequest,
  payload: Readable,
  limits: BodyLimits,
): Promise<ReceivedBody> {
  try {
    return await receiveBody(request, () => inflate(request, payload, limits), limits);
  } catch (error) {
    throw explainInflateError(request, error);
  }
}

async function parseBody(
  request: FastifyRequest,
  received: ReceivedBody,
  bodyLimit: number,
): Promise<unknown> {
  const text = decode(request, received);
  // A charset of one byte a character can become more bytes of UTF-8, which is what is stored.
  if (text.length > bodyLimit / 3 && Buffer.byteLength(text) > bodyLimit) {
    const detail = `The request's body is over ${bodyLimit} bytes as UTF-8: it must be at most ${bodyLimit} bytes.`;
    throw new Refused("BODY_TOO_LARGE", detail);
  }
  const { values, depth, hasLongNumber } = scanJson(text);
  if (depth > MAX_DEPTH) throw refuse(`must be nested at most ${MAX_DEPTH} levels deep`);
  if (values > MAX_VALUES) {
    const detail = `The request's body contains more than ${MAX_VALUES} JSON values: it must contain at most ${MAX_VALUES}. Each item of an array, member of an object, array and object is one. Send less data in a request, or send it as text. ${LARGER_INPUT}`;
    throw new Refused("BODY_TOO_LARGE", detail, { isAdjustable: false });
  }
  request.holdBytes(values * BYTES_PER_VALUE);
  const value = parse(text);
  if (hasPoisonedKey(text, value)) {
    throw refuse('must not contain the key "__proto__" or a "constructor" with a "prototype"');
  }
  return hasLongNumber ? parseExactNumbers(text, value) : value;
}

function decode({ headers }: FastifyRequest, { bytes, free }: ReceivedBody): string {
  try {
    return withoutMark(decodeBody(bytes, headers["content-type"]));
  } finally {
    free();
  }
}

/** RFC 8259 §8.1 allows a parser to ignore a byte order mark. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused("BODY_NOT_JSON", `The body is not valid JSON: ${(error as Error).message}`);
  }
}

function refuse(message: string): Refused {
  return new Refused("BODY_INVALID", `The body ${message}.`, { issues: [{ path: "", message }] });
}

function tooLarge(declared: string | undefined, bodyLimit: number): Refused {
  const size = declared ?? `over ${bodyLimit}`;
  const detail = `The request's body is ${size} bytes: it must be at most ${bodyLimit} bytes. ${LARGER_INPUT}`;
  return new Refused("BODY_TOO_LARGE", detail);
}
