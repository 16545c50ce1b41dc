import { Refused } from "./errors.ts";

/** `subject` is a job or a batch that cannot be run or sent again. */
export function payloadsRemoved(subject: string, at: number): Refused {
  return new Refused(
    "PAYLOADS_REMOVED",
    `The payloads of ${subject} were removed on ${new Date(at).toISOString()} (PLAYGROUND_RETENTION_PAYLOAD_DAYS). Submit a new job with its input.`,
  );
}
