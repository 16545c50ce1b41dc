/** Endpoints that receive an event and then misbehave in every way, at first or always. */
import type { ServerResponse } from "node:http";
import type { Endpoint } from "./endpoints.ts";

/** The timeout of an attempt. */
export const TIMEOUT_MS = 1_000;
/** The number of requests with which an endpoint misbehaves before it responds correctly. */
const FAILURES = 3;
const DRIP_EVERY_MS = 100;
export const FLOOD_BYTES = 10_000_000_000;
const FLOOD_CHUNK = Buffer.alloc(64 * 1024, "x");

export function createMisbehavingEndpoints(): {
  readonly endpoints: readonly Endpoint[];
  /** The most bytes that the flood could send before the daemon closed the connection. */
  mostFlooded(): number;
} {
  let most = 0;
  function flood(response: ServerResponse): void {
    response.writeHead(200, { "content-length": FLOOD_BYTES });
    let sent = 0;
    const pour = (): void => {
      while (!response.destroyed && sent < FLOOD_BYTES) {
        sent += FLOOD_CHUNK.length;
        most = Math.max(most, sent);
        if (!response.write(FLOOD_CHUNK)) return void response.once("drain", pour);
      }
    };
    pour();
  }
  return {
    mostFlooded: () => most,
    endpoints: [
      atFirst("hangs", () => {}),
      atFirst("resets", (response) => void response.socket?.resetAndDestroy()),
      atFirst("drips", drip),
      atFirst(
        "talks garbage",
        (response) => void response.socket?.end("\u0000\u0001 no HTTP\r\n\r\n"),
      ),
      // A 200 is a success, however long its body is, so that no retry follows.
      { name: "floods", timeoutMs: TIMEOUT_MS, answer: flood },
    ],
  };
}

function atFirst(name: string, misbehave: (response: ServerResponse) => void): Endpoint {
  let left = FAILURES;
  return {
    name,
    timeoutMs: TIMEOUT_MS,
    answer(response) {
      left -= 1;
      if (left >= 0) misbehave(response);
      else response.end();
    },
  };
}

/** Sends a byte often enough to never be idle, and never ends. The head of a 2xx would be a success. */
function drip(response: ServerResponse): void {
  response.writeHead(500);
  const dripping = setInterval(() => response.write("."), DRIP_EVERY_MS);
  response.on("close", () => clearInterval(dripping));
}
