import type { DatabaseSync } from "node:sqlite";
import type { Idempotency, NewJobKey } from "../../../ports/store/jobs.ts";
import { isHolder, SELECT_HOLDER, type HolderRow } from "../../shared/job-keys.ts";
import { prepare } from "../statement.ts";

export function prepareJobKeys(db: DatabaseSync) {
  const find = prepare<HolderRow>(db, `${SELECT_HOLDER} WHERE identity = ?`);
  const take = prepare(db, `UPDATE job_keys SET identity = NULL WHERE identity = ?`);
  const insert = prepare(
    db,
    `INSERT INTO job_keys (job, kind, key, identity, span, until_at, mode, collect)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const countMerged = prepare(db, `UPDATE job_keys SET merged = merged + 1 WHERE job = ?`);
  const join = prepare(
    db,
    `INSERT INTO joined_requests (idempotency_key, fingerprint, job) VALUES (?, ?, ?)`,
  );
  return {
    /** Returns the job that has the key, or null. */
    holder({ identity, notOf }: NewJobKey, now: number): HolderRow | null {
      const row = find.get(identity);
      return row !== undefined && row.id !== notOf && isHolder(row, now) ? row : null;
    },
    /** Gives a new job the key, which no job has any more. */
    give(job: number, { kind, key, identity, span, until, window }: NewJobKey): void {
      take.run(identity);
      const { mode = null, collect = null } = window ?? {};
      insert.run(job, kind, key, identity, span, until, mode, collect);
    },
    /** A request was merged into the job. */
    countMerged(job: number): void {
      countMerged.run(job);
    },
    /** The request with this idempotency key got a job that was there already. */
    join(job: number, idempotency: Idempotency | null): void {
      if (idempotency !== null) join.run(idempotency.key, idempotency.fingerprint, job);
    },
  };
}
