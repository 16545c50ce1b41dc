/** Optional headers of the routes that submit or read jobs and batches. */
import { MAX_KEY_LENGTH } from "../../domain/job-key.ts";
import type { HeaderContract } from "./route-contract.ts";

export const MAX_WAIT_SECONDS = 60;

export const waitHeaders = {
  Prefer: {
    description: `\`wait=SECONDS\` delays the response until the job or batch has ended, for at most ${MAX_WAIT_SECONDS} seconds. If too many requests are already waiting, the response is sent immediately and has no \`Preference-Applied\` header.`,
    example: "wait=10",
  },
} as const satisfies Record<string, HeaderContract>;

export const traceHeaders = {
  traceparent: {
    description:
      "The trace that the request belongs to, as [W3C Trace Context](https://www.w3.org/TR/trace-context/) writes it. One that is not valid is ignored. `tracestate` is read beside it.",
    example: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  },
} as const satisfies Record<string, HeaderContract>;

export const preferenceApplied = {
  "Preference-Applied": "`wait=SECONDS` with the seconds that were applied.",
};

export const submitHeaders = {
  "Idempotency-Key": {
    description: `A key of your choice, 1 to ${MAX_KEY_LENGTH} characters long. A second request with the same key creates nothing. Its response shows the job or batch that the first request created, until that is deleted (\`PLAYGROUND_RETENTION_DAYS\` after its end, 7 days by default). The second request is validated like a new one first, so it is refused if its plugin has been removed or is broken.`,
    example: "order-4711",
  },
  ...waitHeaders,
  ...traceHeaders,
} as const satisfies Record<string, HeaderContract>;
