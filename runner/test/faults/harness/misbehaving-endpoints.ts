/** Endpoints that take an event and then answer in every wrong way, at first or for ever. */
import type { ServerResponse } from "node:http";
import type { Endpoint } from "./trial.ts";

/** How long an attempt at one that hangs lasts. */
export const TIMEOUT_MS = 1_000;
/** Each misbehaves so often, then answers as it should. */
const MISHAPS = 3;
const DRIP_EVERY_MS = 100;
export const FLOOD_BYTES = 10_000_000_000;
const FLOOD_CHUNK = Buffer.alloc(64 * 1024, "x");

export function createMisbehavingEndpoints(): {
  readonly endpoints: readonly Endpoint[];
  /** What the flood could send before the daemon closed the connection, at most, in bytes. */
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
      // A 200 is an answer, however long: no mishap that a retry would mend.
      { name: "floods", timeoutMs: TIMEOUT_MS, answer: flood },
    ],
  };
}

function atFirst(name: string, misbehave: (response: ServerResponse) => void): Endpoint {
  let left = MISHAPS;
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

/** Never a pause long enough to be one, and never an end. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const dripping = setInterval(() => response.write("."), DRIP_EVERY_MS);
  response.on("close", () => clearInterval(dripping));
}
