import { Refused } from "../../domain/errors.ts";
import type { SubmitOutcome } from "../../ports/store/jobs.ts";

type LimitFull = Extract<SubmitOutcome, { kind: "limit-full" }>;

/** `Retry-After`, in ms. */
const RETRY_AFTER_MS = 5_000;

export function describeLimitFull({ name, queued, maxQueued }: LimitFull): string {
  const jobs = queued === 1 ? "1 job waits" : `${queued} jobs wait`;
  return `${jobs} for limit "${name}", whose maxQueued is ${maxQueued}. Try again later, or raise it with PUT /v1/limits/${name}.`;
}

export function refuseLimitFull(outcome: LimitFull): Refused {
  return new Refused("LIMIT_QUEUE_FULL", describeLimitFull(outcome), {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
