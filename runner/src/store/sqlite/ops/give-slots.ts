import type { DatabaseSync } from "node:sqlite";
import { prepare } from "../statement.ts";

/** The limits and keys that one claim looks at, so that no transaction takes long. */
const MAX_VACANCIES = 200;
/** The slots that one claim gives for one limit. More than it claims, so the others can be given later. */
const MAX_SLOTS = 200;

interface Limit {
  readonly name: string;
  readonly concurrency: number | null;
  readonly keyConcurrency: number | null;
  readonly servedKey: string;
}

interface Slots {
  /** How many slots are free, of the limit or of one of its keys. */
  free(limit: Limit, key?: string): number;
  /** Gives up to `most` slots to the jobs that are next, all or with one key. Returns how many it gave. */
  give(limit: Limit, most: number, key?: string): number;
}

export interface GiveSlots {
  /**
   * Gives the slots that have become free to the jobs that are next: the keys in turn, and of a key the
   * highest priority first, then in the order of submission.
   */
  give(): void;
  /** Whether slots can be free that it has not looked at. */
  isMore(): boolean;
}

export function prepareGiveSlots(db: DatabaseSync): GiveSlots {
  const isAnyVacant = prepare(db, `SELECT 1 FROM limit_vacancies WHERE limit_name > '' LIMIT 1`);
  const findVacancies = prepare<{ name: string; key: string }>(
    db,
    `SELECT limit_name AS name, limit_key AS key FROM limit_vacancies
     WHERE limit_name > '' ORDER BY limit_name, limit_key LIMIT ${MAX_VACANCIES}`,
  );
  const removeVacancy = prepare(
    db,
    `DELETE FROM limit_vacancies WHERE limit_name = ? AND limit_key = ?`,
  );
  const findLimit = prepare<Limit>(
    db,
    `SELECT name, concurrency, key_concurrency AS keyConcurrency, served_key AS servedKey
     FROM limits WHERE name = ?`,
  );
  const addVacancy = prepare(db, `INSERT OR IGNORE INTO limit_vacancies VALUES (?, ?)`);
  const slots = prepareSlots(db);
  const takeTurns = prepareTakeTurns(db, slots);

  /** Returns false if it gave as many as it may. */
  function serve(limit: Limit, key: string): boolean {
    if (limit.concurrency !== null && limit.keyConcurrency !== null) return takeTurns(limit);
    const of = limit.keyConcurrency === null ? undefined : key;
    const most = Math.min(MAX_SLOTS, slots.free(limit, of));
    return slots.give(limit, most, of) < MAX_SLOTS;
  }

  const isMore = (): boolean => isAnyVacant.get() !== undefined;

  function give(): void {
    if (!isMore()) return;
    const served = new Set<string>();
    for (const { name, key } of findVacancies.all()) {
      removeVacancy.run(name, key);
      const limit = findLimit.get(name);
      if (limit === undefined) continue;
      // Only if nothing limits all keys together does it matter which key has room.
      const one = limit.concurrency === null ? JSON.stringify([name, key]) : name;
      if (served.has(one)) continue;
      served.add(one);
      if (!serve(limit, key)) addVacancy.run(name, key);
    }
  }

  return { give, isMore };
}

function prepareSlots(db: DatabaseSync): Slots {
  const count = (of: string) =>
    prepare<{ used: number }>(
      db,
      `SELECT count(*) AS used FROM (
         SELECT 1 FROM jobs INDEXED BY jobs_with_slot
         WHERE limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL AND ${of} LIMIT ?
       )`,
    );
  const countAll = count("limit_name = ?");
  const countKey = count("limit_name = ? AND limit_key = ?");
  const give = (of: string) =>
    prepare(
      db,
      `UPDATE jobs SET blocked_since = NULL WHERE seq IN (
         SELECT seq FROM jobs INDEXED BY jobs_blocked
         WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL
           AND ${of} LIMIT ?
       )`,
    );
  const giveAll = give("limit_name = ?1 ORDER BY limit_key, priority DESC, seq");
  const giveKey = give("limit_name = ? AND limit_key = ? ORDER BY priority DESC, seq");
  return {
    free({ name, ...limit }, key) {
      const most = key === undefined ? limit.concurrency : limit.keyConcurrency;
      if (most === null) return MAX_SLOTS;
      const row = key === undefined ? countAll.get(name, most) : countKey.get(name, key, most);
      return most - (row?.used ?? 0);
    },
    give({ name }, most, key) {
      if (most <= 0) return 0;
      const given = key === undefined ? giveAll.run(name, most) : giveKey.run(name, key, most);
      return Number(given.changes);
    },
  };
}

/** One slot for each key in its turn. Few keys are full, because each has at least one of all slots. */
function prepareTakeTurns(db: DatabaseSync, slots: Slots): (limit: Limit) => boolean {
  const findNext = (after: ">" | ">=") =>
    prepare<{ key: string }>(
      db,
      `SELECT limit_key AS key FROM jobs INDEXED BY jobs_blocked
       WHERE status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL
         AND limit_name = ? AND limit_key ${after} ? ORDER BY limit_key LIMIT 1`,
    );
  const findAfter = findNext(">");
  const findFirst = findNext(">=");
  const keepTurn = prepare(db, `UPDATE limits SET served_key = ? WHERE name = ?`);

  return (limit) => {
    const { name } = limit;
    let left = Math.min(MAX_SLOTS, slots.free(limit));
    let key = limit.servedKey;
    const full = new Set<string>();
    let passed = new Set<string>();
    let given = 0;
    while (left > 0) {
      const next = findAfter.get(name, key) ?? findFirst.get(name, "");
      if (next === undefined || passed.has(next.key)) break;
      ({ key } = next);
      if (!full.has(key) && slots.free(limit, key) > 0 && slots.give(limit, 1, key) > 0) {
        given += 1;
        left -= 1;
        passed = new Set();
        keepTurn.run(key, name);
      } else {
        full.add(key);
        passed.add(key);
      }
    }
    return given < MAX_SLOTS;
  };
}
