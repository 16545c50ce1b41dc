import type { DatabaseSync } from "node:sqlite";
import type { LimitNumbers, LimitOverride } from "../../../domain/plugin-limits.ts";
import {
  declaredOf,
  LIMIT_COLUMNS,
  parseOverride,
  toLimitValues,
  type LimitRow,
} from "../../shared/limit-rows.ts";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

interface KnownLimit {
  readonly declared: LimitNumbers;
  readonly override: LimitOverride | null;
}

/** Stores the numbers of a limit. If other ones count than before, the next claim looks at its jobs. */
function prepareKnownLimits(db: DatabaseSync) {
  const find = prepare<LimitRow & { declared: string | null; override: string | null }>(
    db,
    `SELECT ${LIMIT_COLUMNS}, declared, override FROM limits WHERE name = ?`,
  );
  const save = prepare(
    db,
    `INSERT INTO limits (name, concurrency, rate, key_concurrency, key_rate, declared, max_queued)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
     ON CONFLICT (name) DO UPDATE SET concurrency = ?2, rate = ?3, key_concurrency = ?4,
       key_rate = ?5, declared = ?6, max_queued = ?7
       WHERE concurrency IS NOT ?2 OR rate IS NOT ?3 OR key_concurrency IS NOT ?4
         OR key_rate IS NOT ?5 OR declared IS NOT ?6 OR max_queued IS NOT ?7`,
  );
  const vacate = prepareVacateKeys(db);
  return {
    find(name: string): KnownLimit | null {
      const row = find.get(name);
      if (row === undefined) return null;
      return { declared: declaredOf(row), override: parseOverride(row.override) };
    },
    save(name: string, { declared, override }: KnownLimit): void {
      const values = toLimitValues(name, declared, override);
      if (Number(save.run(...values).changes) > 0) vacate(name);
    },
  };
}

export function prepareDeclareLimits(db: DatabaseSync): Operations["declareLimits"] {
  const known = prepareKnownLimits(db);
  // The clock can have been set back since, and a rate be higher than before.
  const wakeAll = prepare(db, `UPDATE limit_states SET wake_at = 0 WHERE wake_at > 0`);
  return (limits) => {
    for (const { name, ...declared } of limits) {
      known.save(name, { declared, override: known.find(name)?.override ?? null });
    }
    wakeAll.run();
  };
}

export function prepareOverrideLimit(db: DatabaseSync): Operations["overrideLimit"] {
  const known = prepareKnownLimits(db);
  const set = prepare(
    db,
    `UPDATE limits SET override = ?, overridden_by = ?, overridden_at = ? WHERE name = ?`,
  );
  const wake = prepare(
    db,
    `UPDATE limit_states SET wake_at = 0 WHERE limit_name = ? AND wake_at > 0`,
  );
  return (name, override, { by, now }) => {
    const limit = known.find(name);
    if (limit === null) return false;
    const values = override === null ? [null, null, null] : [JSON.stringify(override), by, now];
    set.run(...values, name);
    known.save(name, { ...limit, override });
    wake.run(name);
    return true;
  };
}

/** Lets the next claim look at each key of a limit that jobs wait for. */
export function prepareVacateKeys(db: DatabaseSync): (name: string) => void {
  const vacate = prepare(
    db,
    `INSERT OR IGNORE INTO limit_vacancies SELECT limit_name, limit_key
     FROM jobs INDEXED BY jobs_blocked
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL
       AND limit_name = ?`,
  );
  return (name) => void vacate.run(name);
}

/** Stores a limit that is not known yet, for a job that names it. */
export function prepareEnsureLimits(db: DatabaseSync): Operations["declareLimits"] {
  const add = prepare(
    db,
    `INSERT INTO limits (name, concurrency, rate, key_concurrency, key_rate, declared, max_queued)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return (limits) => {
    for (const { name, ...declared } of limits) add.run(...toLimitValues(name, declared, null));
  };
}
