import type { Invariant } from "../shared/invariant.ts";
import { KEY_INVARIANTS as SHARED } from "../shared/key-invariants.ts";

export const KEY_INVARIANTS: readonly Invariant[] = [
  ...SHARED,
  {
    sentence: "an idempotency key stands for one job",
    sql: `SELECT idempotency_key AS problem FROM joined_requests
          WHERE idempotency_key IN (SELECT idempotency_key FROM job_specs)`,
  },
];
