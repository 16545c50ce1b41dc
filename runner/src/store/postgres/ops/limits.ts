import type { DeclaredLimit } from "../../../domain/plugin-limits.ts";
import type { Operation } from "../change.ts";
import type { Transaction } from "../transaction.ts";

export const declareLimits: Operation<"declareLimits"> = async (tx, limits) => {
  // In the order of their names, so that two daemons do not wait for each other.
  const sorted = limits.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, concurrency, keyConcurrency } of sorted) {
    const changed = await tx.query(
      `INSERT INTO limits (name, concurrency, key_concurrency) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET concurrency = $2, key_concurrency = $3
         WHERE limits.concurrency IS DISTINCT FROM $2
           OR limits.key_concurrency IS DISTINCT FROM $3
       RETURNING name`,
      [name, concurrency, keyConcurrency],
    );
    if (changed.length === 0) continue;
    await tx.query(
      `INSERT INTO limit_vacancies (limit_name, limit_key) SELECT DISTINCT limit_name, limit_key
       FROM jobs WHERE status = 'queued' AND due AND waiting_since IS NULL
         AND blocked_since IS NOT NULL AND limit_name = $1`,
      [name],
    );
  }
};

/** Stores limits that are not known yet, for a job that names them. */
export async function ensureLimits(
  tx: Transaction,
  limits: readonly DeclaredLimit[],
): Promise<void> {
  for (const { name, concurrency, keyConcurrency } of limits) {
    await tx.query(
      `INSERT INTO limits (name, concurrency, key_concurrency) VALUES ($1, $2, $3)
       ON CONFLICT DO NOTHING`,
      [name, concurrency, keyConcurrency],
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
