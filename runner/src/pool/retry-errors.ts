/**
 * The errors with which a plugin says whether its step is to run again. A plugin can have a copy of this
 * module, so they are known by a property and not by their class.
 */
import { showValue } from "./value-words.ts";
import type { RetryWish } from "../domain/step-retry.ts";

export const RETRY_WISH = Symbol.for("playground.retry-wish");

/** Thrown by a plugin whose step cannot succeed: it is not run again, whatever the job's retry policy says. */
export class DoNotRetry extends Error {
  override readonly name = "DoNotRetry";
  readonly [RETRY_WISH]: RetryWish = "never";
}

/**
 * Thrown by a plugin whose step can succeed later, such as after a 429: it waits for `afterMs` in place of
 * the policy's backoff, at most 7 days. It needs an attempt that is left.
 */
export class RetryAfter extends Error {
  override readonly name = "RetryAfter";
  readonly [RETRY_WISH]: RetryWish;

  /** Throws a RangeError if `afterMs` is not a number from 0. */
  constructor(afterMs: number, message: string, options?: ErrorOptions) {
    super(message, options);
    const given: unknown = afterMs;
    if (typeof given !== "number" || !(given >= 0)) {
      const shown = showValue(given);
      const what = "it must be a number of milliseconds from 0, such as 30000";
      // The error keeps what the plugin has to say: messages end with those of the causes.
      throw new RangeError(`afterMs of RetryAfter is ${shown}: ${what}`, { cause: this });
    }
    this[RETRY_WISH] = { afterMs };
  }
}
