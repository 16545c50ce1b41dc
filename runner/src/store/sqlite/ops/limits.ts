import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepare } from "../statement.ts";

export function prepareDeclareLimits(db: DatabaseSync): Operations["declareLimits"] {
  const save = prepare(
    db,
    `INSERT INTO limits (name, concurrency, key_concurrency) VALUES (?1, ?2, ?3)
     ON CONFLICT (name) DO UPDATE SET concurrency = ?2, key_concurrency = ?3
       WHERE concurrency IS NOT ?2 OR key_concurrency IS NOT ?3`,
  );
  const vacate = prepare(
    db,
    `INSERT OR IGNORE INTO limit_vacancies SELECT limit_name, limit_key
     FROM jobs INDEXED BY jobs_blocked
     WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL
       AND limit_name = ?`,
  );
  return (limits) => {
    for (const { name, concurrency, keyConcurrency } of limits) {
      if (Number(save.run(name, concurrency, keyConcurrency).changes) > 0) vacate.run(name);
    }
  };
}

/** Stores a limit that is not known yet, for a job that names it. */
export function prepareEnsureLimits(db: DatabaseSync): Operations["declareLimits"] {
  const add = prepare(
    db,
    `INSERT INTO limits (name, concurrency, key_concurrency) VALUES (?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  return (limits) => {
    for (const { name, concurrency, keyConcurrency } of limits) {
      add.run(name, concurrency, keyConcurrency);
    }
  };
}
