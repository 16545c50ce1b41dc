/** What submitting a job has in common with submitting a batch: its idempotency key. */
import type { Idempotency, SubmitOutcome } from "../../../ports/store/jobs.ts";
import type { Transaction } from "../transaction.ts";

/** What an idempotency key stands for. */
export interface KeyHolder {
  readonly id: string;
  readonly fingerprint: string;
  /** Whether the request got a job that was there already. */
  readonly joined: boolean;
}

export async function findByKey(
  tx: Transaction,
  kind: "job" | "batch",
  key: string,
): Promise<KeyHolder | undefined> {
  const [row] = await tx.query<KeyHolder>(
    `SELECT subject_id AS id, fingerprint, joined FROM idempotency_keys
     WHERE kind = $1 AND key = $2`,
    [kind, key],
  );
  return row;
}

/** Returns false if another daemon has stored the key since it was looked for. */
export async function takeKey(
  tx: Transaction,
  kind: "job" | "batch",
  {
    id,
    key,
    fingerprint,
    joined = false,
  }: Idempotency & { readonly id: string; readonly joined?: boolean },
): Promise<boolean> {
  const taken = await tx.query(
    `INSERT INTO idempotency_keys (kind, key, subject_id, fingerprint, joined)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key`,
    [kind, key, id, fingerprint, joined],
  );
  return taken.length > 0;
}

export function toDuplicate(known: KeyHolder, { fingerprint }: Idempotency): SubmitOutcome {
  const { id, joined } = known;
  const sameRequest = known.fingerprint === fingerprint;
  return { kind: "duplicate", id, sameRequest, ...(joined && { joined }) };
}
