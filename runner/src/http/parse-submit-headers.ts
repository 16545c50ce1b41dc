import type { FastifyRequest } from "fastify";
import { Refused } from "../domain/errors.ts";
import { MAX_KEY_LENGTH } from "../domain/job-key.ts";
import { MAX_WAIT_SECONDS } from "./contract/submit-headers.ts";

type Header = FastifyRequest["headers"][string];

/** Returns the Idempotency-Key, or null if none was sent. Throws `Refused`: IDEMPOTENCY_KEY_INVALID. */
export function parseIdempotencyKey(given: unknown): string | null {
  if (given === undefined) return null;
  const length = typeof given === "string" ? given.length : null;
  if (length !== null && length >= 1 && length <= MAX_KEY_LENGTH) return given as string;
  const what = length === null ? "is not text" : `is ${length} characters long`;
  throw new Refused(
    "IDEMPOTENCY_KEY_INVALID",
    `The Idempotency-Key ${what}: it must be 1 to ${MAX_KEY_LENGTH} characters long.`,
  );
}

/**
 * Returns the seconds of `Prefer: wait=N`, limited to the maximum, or null without the preference.
 * A preference that cannot be understood is ignored (RFC 7240 §2).
 */
export function parseWait(header: Header): number | null {
  if (header === undefined) return null;
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/i.exec(String(header)) ?? [];
  return seconds === undefined ? null : Math.min(Number(seconds), MAX_WAIT_SECONDS);
}
