import { Refused } from "../domain/errors.ts";

/** For the bodies of all requests in flight: their bytes, and then the values that they become. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** Kept free for small bodies, so that a few large ones that stall do not refuse all submissions. */
const RESERVED_BYTES = 16 * 1024 * 1024;
const SMALL_BODY_BYTES = 64 * 1024;

/** Limits the memory that bodies occupy, from their first byte until the response. */
export function createBodyBudget() {
  let held = 0;

  /** Throws OVERLOADED when a request that already holds `own` bytes cannot hold `bytes` more. */
  function check(own: number, bytes: number): void {
    const isSmall = own + bytes <= SMALL_BODY_BYTES;
    if (held + bytes <= (isSmall ? MAX_BODY_BYTES : MAX_BODY_BYTES - RESERVED_BYTES)) return;
    const detail = `The bodies of the requests in flight occupy ${held} bytes of memory. This request's body needs ${bytes} more, and the limit is ${MAX_BODY_BYTES}. Send the request again later.`;
    throw new Refused("OVERLOADED", detail, { isAdjustable: false });
  }

  return {
    check,
    take(own: number, bytes: number): void {
      check(own, bytes);
      held += bytes;
    },
    free(bytes: number): void {
      held -= bytes;
    },
  };
}
