import type { NewJobKey } from "../../../ports/store/jobs.ts";
import { isHolder, SELECT_HOLDER, type HolderRow } from "../../shared/job-keys.ts";
import { Conflict } from "../store-error.ts";
import type { Transaction } from "../transaction.ts";

/** Returns the job that was the last to get the key, and whether it still has it. */
export async function findHolder(
  tx: Transaction,
  { identity, notOf }: NewJobKey,
  now: number,
): Promise<{ readonly seq: number; readonly id: string; readonly hasKey: boolean } | null> {
  const [row] = await tx.query<HolderRow>(`${SELECT_HOLDER} WHERE identity = $1`, [identity]);
  if (row === undefined) return null;
  const { seq, id } = row;
  return { seq, id, hasKey: id !== notOf && isHolder(row, now) };
}

/** Gives a new job the key. `last` is the job that had it before and has it no more, if there is one. */
export async function giveKey(
  tx: Transaction,
  job: number,
  {
    kind,
    key,
    identity,
    span,
    until,
    window,
    last,
  }: NewJobKey & { readonly last?: number | undefined },
): Promise<void> {
  // Only from this one: another daemon can have given the key to a job since it was looked for.
  if (last !== undefined) {
    await tx.query(`UPDATE job_keys SET identity = NULL WHERE identity = $1 AND job = $2`, [
      identity,
      last,
    ]);
  }
  const given = await tx.query(
    `INSERT INTO job_keys (job, kind, key, identity, span, until_at, mode, collect)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (identity) WHERE identity IS NOT NULL DO NOTHING RETURNING job`,
    [job, kind, key, identity, span, until, window?.mode ?? null, window?.collect ?? null],
  );
  // Begin again, and find that job.
  if (given.length === 0) throw new Conflict(`Another daemon has stored the key ${key}.`);
}
