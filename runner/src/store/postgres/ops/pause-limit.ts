import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";
import { addVacancy, lockLimits, vacateKeys } from "./limits.ts";

export const pauseLimit: Operation<"pauseLimit"> = async (tx, request) => {
  const { name, key, until, isSpan, keepsLonger, by, now } = request;
  await lockLimits(tx);
  if (!(await isKnown(tx, name))) return false;
  await tx.query(
    `INSERT INTO limit_states (limit_name, is_key, limit_key, paused_at, paused_until, is_span,
       paused_by, wake_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $5)
     ON CONFLICT (limit_name, is_key, limit_key) DO UPDATE
       SET paused_at = $4, paused_until = $5, is_span = $6, paused_by = $7, wake_at = $5
       WHERE NOT $8::boolean OR limit_states.paused_at IS NULL OR limit_states.paused_until < $5`,
    [name, key === null ? 0 : 1, key ?? "", now, until, isSpan ? 1 : 0, by, keepsLonger],
  );
  return true;
};

export const resumeLimit: Operation<"resumeLimit"> = async (tx, name, key) => {
  await lockLimits(tx);
  if (!(await isKnown(tx, name))) return false;
  await tx.query(
    `UPDATE limit_states SET paused_at = NULL, paused_until = NULL, paused_by = NULL, wake_at = NULL
     WHERE limit_name = $1 AND is_key = $2 AND limit_key = $3`,
    [name, key === null ? 0 : 1, key ?? ""],
  );
  if (key === null) await vacateKeys(tx, name);
  else await addVacancy(tx, { name, key });
  return true;
};

async function isKnown(tx: Transaction, name: string): Promise<boolean> {
  return (await tx.query(`SELECT 1 FROM limits WHERE name = $1`, [name])).length > 0;
}
