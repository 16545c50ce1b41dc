import type { FastifyInstance } from "fastify";
import { Refused } from "../domain/errors.ts";

/** Deeper JSON is refused. It parses, but serializing or checking it would overflow the stack. */
const MAX_DEPTH = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Parses JSON bodies. An empty body counts as no body, because clients also send the header without one. */
export function registerJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    "application/json",
    { parseAs: "string" },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      if (isDeeperThan(MAX_DEPTH, body)) {
        return done(refuse(`must be nested at most ${MAX_DEPTH} levels deep`), undefined);
      }
      void parse(request, body, (error, value) =>
        done(error === null ? null : explain(body), value),
      );
    },
  );
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

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
