import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { decodeBody } from "./decode-body.ts";
import { endOfString } from "./end-of-string.ts";
import { parseExactNumbers } from "./exact-numbers.ts";
import { registerInflate } from "./inflate-body.ts";

/** Deeper JSON is refused. It parses, but serializing or checking it would overflow the stack. */
const MAX_DEPTH = 500;

const QUOTE = 0x22;

/** Parses JSON bodies. An empty body counts as no body, because clients also send a type without one. */
export function registerJsonBody(app: FastifyInstance, { bodyLimit }: { bodyLimit: number }): void {
  const parse = app.getDefaultJsonParser("error", "error");
  const inflate = registerInflate(app, bodyLimit);

  async function toValue(request: FastifyRequest, received: Buffer): Promise<unknown> {
    if (received.length === 0) return undefined;
    const body = decodeBody(await inflate(request, received), request.headers["content-type"]);
    // A charset of one byte a character can become more bytes of UTF-8, which is what is stored.
    if (body.length > bodyLimit / 3 && Buffer.byteLength(body) > bodyLimit) {
      const detail = `The request's body is over ${bodyLimit} bytes as UTF-8: it must be at most ${bodyLimit} bytes.`;
      throw new Refused("BODY_TOO_LARGE", detail);
    }
    if (isDeeperThan(MAX_DEPTH, body)) {
      throw refuse(`must be nested at most ${MAX_DEPTH} levels deep`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    void parse(request, body, (error, value) =>
      error === null ? resolve(parseExactNumbers(body, value)) : reject(explain(body)),
    );
    return promise;
  }

  // Fastify refuses a type that it cannot read even when there is no body.
  app.addHook("onRequest", (request, _reply, done) => {
    const { headers } = request;
    if (headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0)) {
      delete headers["content-type"];
    }
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, toValue);
  app.addContentTypeParser("*", (request, payload, done) => {
    if (request.is404) return done(null, undefined);
    // A body in chunks is empty when its first chunk is the last one.
    const refuseType = (): void => {
      payload.off("end", accept);
      done(new Refused("CONTENT_TYPE_UNSUPPORTED"), undefined);
    };
    const accept = (): void => {
      payload.off("data", refuseType);
      done(null, undefined);
    };
    payload.once("data", refuseType).once("end", accept);
  });
}

function refuse(message: string): Refused {
  return new Refused("BODY_INVALID", `The body ${message}.`, { issues: [{ path: "", message }] });
}

/** The fast parser does not say what is wrong, so the body is parsed again with `JSON.parse`. */
function explain(body: string): Refused {
  try {
    JSON.parse(body);
  } catch (error) {
    return new Refused("BODY_NOT_JSON", `The body is not valid JSON: ${(error as Error).message}`);
  }
  return refuse('must not contain the key "__proto__" or a "constructor" with a "prototype"');
}

/** Counts open brackets outside strings. A level needs two characters, so a short text is not scanned. */
export function isDeeperThan(limit: number, text: string): boolean {
  if (text.length < 2 * limit) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // `[` and `{` differ only in the bit 0x20, and so do `]` and `}`.
    else if ((code | 0x20) === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if ((code | 0x20) === 0x7d) depth -= 1;
  }
  return false;
}
