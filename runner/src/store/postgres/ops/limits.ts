import type { DeclaredLimit, LimitNumbers, LimitOverride } from "../../../domain/plugin-limits.ts";
import {
  declaredOf,
  LIMIT_COLUMNS,
  parseOverride,
  toLimitValues,
  type LimitRow,
} from "../../shared/limit-rows.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";

interface KnownLimit {
  readonly declared: LimitNumbers;
  readonly override: LimitOverride | null;
}

export const declareLimits: Operation<"declareLimits"> = async (tx, limits) => {
  await lockLimits(tx);
  // In the order of their names, so that two daemons do not wait for each other.
  const sorted = limits.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, ...declared } of sorted) {
    const override = (await findLimit(tx, name))?.override ?? null;
    await saveLimit(tx, name, { declared, override });
  }
  await wakeAll(tx, 0);
};

export const overrideLimit: Operation<"overrideLimit"> = async (tx, ...request) => {
  const [name, override, { by, now }] = request;
  await lockLimits(tx);
  const limit = await findLimit(tx, name);
  if (limit === null) return false;
  const values = override === null ? [null, null, null] : [JSON.stringify(override), by, now];
  await tx.query(
    `UPDATE limits SET override = $2, overridden_by = $3, overridden_at = $4 WHERE name = $1`,
    [name, ...values],
  );
  await saveLimit(tx, name, { ...limit, override });
  await tx.query(`UPDATE limit_states SET wake_at = 0 WHERE limit_name = $1 AND wake_at > 0`, [
    name,
  ]);
  return true;
};

/** Locks all of them, in one order. They are few, and a write group can change several. */
export async function lockLimits(tx: Transaction): Promise<void> {
  await tx.query(`SELECT name FROM limits ORDER BY name FOR NO KEY UPDATE`);
}

async function findLimit(tx: Transaction, name: string): Promise<KnownLimit | null> {
  const [row] = await tx.query<LimitRow & { declared: string | null; override: string | null }>(
    `SELECT ${LIMIT_COLUMNS}, declared, override FROM limits WHERE name = $1`,
    [name],
  );
  if (row === undefined) return null;
  return { declared: declaredOf(row), override: parseOverride(row.override) };
}

/** Stores the numbers of a limit. If other ones count than before, the next claim looks at its jobs. */
async function saveLimit(
  tx: Transaction,
  name: string,
  { declared, override }: KnownLimit,
): Promise<void> {
  const changed = await tx.query(
    `INSERT INTO limits (name, concurrency, rate, key_concurrency, key_rate, declared, max_queued)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (name) DO UPDATE
       SET concurrency = $2, rate = $3, key_concurrency = $4, key_rate = $5, declared = $6,
         max_queued = $7
       WHERE limits.concurrency IS DISTINCT FROM $2 OR limits.rate IS DISTINCT FROM $3
         OR limits.key_concurrency IS DISTINCT FROM $4 OR limits.key_rate IS DISTINCT FROM $5
         OR limits.declared IS DISTINCT FROM $6 OR limits.max_queued IS DISTINCT FROM $7
     RETURNING name`,
    toLimitValues(name, declared, override),
  );
  if (changed.length > 0) await vacateKeys(tx, name);
}

/** The clock can have been set back, and a rate be higher than before. */
export async function wakeAll(tx: Transaction, after: number): Promise<void> {
  await lockLimits(tx);
  await tx.query(`UPDATE limit_states SET wake_at = 0 WHERE wake_at > $1`, [after]);
}

/** Lets the next claim look at each key of a limit that jobs wait for. */
export async function vacateKeys(tx: Transaction, name: string): Promise<void> {
  await tx.query(
    `INSERT INTO limit_vacancies (limit_name, limit_key) SELECT DISTINCT limit_name, limit_key
     FROM jobs WHERE status = 'queued' AND due AND waiting_since IS NULL
       AND blocked_since IS NOT NULL AND limit_name = $1`,
    [name],
  );
}

/** Stores limits that are not known yet, for a job that names them. */
export async function ensureLimits(
  tx: Transaction,
  limits: readonly DeclaredLimit[],
): Promise<void> {
  for (const { name, ...declared } of limits) {
    await tx.query(
      `INSERT INTO limits (name, concurrency, rate, key_concurrency, key_rate, declared, max_queued)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      toLimitValues(name, declared, null),
    );
  }
}

export async function addVacancy(
  tx: Transaction,
  { name, key }: { readonly name: string; readonly key: string },
): Promise<void> {
  await tx.query(`INSERT INTO limit_vacancies (limit_name, limit_key) VALUES ($1, $2)`, [
    name,
    key,
  ]);
}
