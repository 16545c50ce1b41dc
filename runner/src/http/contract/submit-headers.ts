/** The headers that a request for work may have. */
import type { HeaderContract } from "./route-contract.ts";

export const MAX_KEY_LENGTH = 255;
export const MAX_WAIT_SECONDS = 60;

export const submitHeaders = {
  "Idempotency-Key": {
    description: `1 to ${MAX_KEY_LENGTH} characters of your choice. A second request with this key makes nothing new: it answers with what the first one made, for as long as that is kept: 7 days after its end, unless PLAYGROUND_RETENTION_DAYS says otherwise. It is checked as a new one first, and so refused when its plugin was removed or broken meanwhile.`,
    example: "order-4711",
  },
  Prefer: {
    description: `\`wait=SECONDS\` holds the answer until all has ended, at most ${MAX_WAIT_SECONDS} s. Where too many wait already, the answer comes at once, without \`Preference-Applied\`.`,
    example: "wait=10",
  },
} as const satisfies Record<string, HeaderContract>;
