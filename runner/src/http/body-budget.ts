import { Refused } from "../domain/errors.ts";
import { MAX_HELD_BYTES } from "./held-bytes.ts";

/** Kept free for small bodies, so that a few large ones that stall do not refuse all submissions. */
const RESERVED_BYTES = 16 * 1024 * 1024;
const SMALL_BODY_BYTES = 64 * 1024;

/** Limits the memory that bodies, and then the values that they become, occupy until the response. */
export function createBodyBudget() {
  let held = 0;

  /** Throws OVERLOADED when a request that already holds `own` bytes cannot hold `bytes` more. */
  function check(own: number, bytes: number): void {
    const isSmall = own + bytes <= SMALL_BODY_BYTES;
    if (held + bytes <= (isSmall ? MAX_HELD_BYTES : MAX_HELD_BYTES - RESERVED_BYTES)) return;
    const detail = `The bodies of the requests in flight occupy ${held} bytes of memory. This request's body needs ${bytes} more, and the limit is ${MAX_HELD_BYTES}. Send the request again later.`;
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
