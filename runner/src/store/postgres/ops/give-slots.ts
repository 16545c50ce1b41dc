/**
 * Gives the slots that have become free to the jobs that are next: the keys in turn, and of a key the
 * highest priority first, then in the order of submission.
 *
 * Slots are given under the lock of the limit's row, and counted in a later statement, so two daemons
 * never give the same one. A limit whose row another claim has locked is left to the next claim. A
 * blocked job whose row is locked is passed over, because its transaction may wait for the same locks.
 */
import type { Transaction } from "../transaction.ts";
import { addVacancy } from "./limits.ts";

/** The limits and keys that one claim looks at, so that no transaction takes long. */
const MAX_VACANCIES = 500;
/** The slots that one claim gives for one limit. More than it claims, so the others can be given later. */
const MAX_SLOTS = 100;
/** As long as each key gets one slot at a time, each slot takes two round trips. */
const MAX_TURNS = 30;

interface Limit {
  readonly name: string;
  readonly concurrency: number | null;
  readonly keyConcurrency: number | null;
  readonly servedKey: string;
}

interface Vacancy {
  readonly name: string;
  readonly key: string;
}

/** `again`: more can be given now. `later`: a row that is locked could be given one. */
type Served = "all" | "again" | "later";

/** The newest vacancy, or null. */
export const NEWEST_VACANCY = `SELECT max(id) AS id FROM limit_vacancies`;

const LOCK_LIMITS = `SELECT name, concurrency, key_concurrency AS "keyConcurrency",
    served_key AS "servedKey"
  FROM limits WHERE name = ANY (ARRAY(
    SELECT limit_name FROM limit_vacancies ORDER BY id LIMIT ${MAX_VACANCIES}
  ))
  ORDER BY name FOR NO KEY UPDATE SKIP LOCKED`;

const TAKE_VACANCIES = `DELETE FROM limit_vacancies WHERE id = ANY (ARRAY(
    SELECT id FROM limit_vacancies WHERE limit_name = ANY ($1::text[])
    ORDER BY id LIMIT ${MAX_VACANCIES}
  ))
  RETURNING limit_name AS name, limit_key AS key`;

const WITH_SLOT = `limit_name IS NOT NULL AND blocked_since IS NULL AND ended_at IS NULL`;
const BLOCKED = `status = 'queued' AND due AND waiting_since IS NULL AND blocked_since IS NOT NULL`;

const COUNT = `SELECT count(*)::integer AS used FROM (
    SELECT 1 FROM jobs WHERE ${WITH_SLOT} AND limit_name = $1 LIMIT $2
  ) AS used`;

/** `$3` slots in all, of which up to `$4` are given. */
function giveTo(jobs: string, order: string): string {
  return `WITH free AS MATERIALIZED (
      SELECT $3::integer - count(*)::integer AS slots FROM (
        SELECT 1 FROM jobs WHERE ${WITH_SLOT} AND ${jobs} LIMIT $3
      ) AS used
    ), next AS MATERIALIZED (
      SELECT seq FROM jobs WHERE ${BLOCKED} AND ${jobs}
      ORDER BY ${order} LIMIT (SELECT greatest(0, least(slots, $4::integer)) FROM free)
      FOR NO KEY UPDATE SKIP LOCKED
    ), given AS (
      UPDATE jobs SET blocked_since = NULL FROM next WHERE jobs.seq = next.seq RETURNING jobs.seq
    )
    SELECT slots AS free, (SELECT count(*) FROM given)::integer AS given, EXISTS (
        SELECT 1 FROM jobs WHERE ${BLOCKED} AND ${jobs} AND seq <> ALL (ARRAY(SELECT seq FROM next))
      ) AS "isBlocked"
    FROM free`;
}

const GIVE_ALL = giveTo(
  "limit_name = $1 AND $2::text IS NULL",
  "limit_name, limit_key, priority DESC, seq",
);
const GIVE_KEY = giveTo(
  "limit_name = $1 AND limit_key = $2",
  "limit_name, limit_key, priority DESC, seq",
);

const findKey = (after: ">" | ">="): string => `SELECT limit_key AS key FROM jobs
  WHERE ${BLOCKED} AND limit_name = $1 AND limit_key ${after} $2
  ORDER BY limit_name, limit_key LIMIT 1`;
const FIND_AFTER = findKey(">");
const FIND_FIRST = findKey(">=");

/** Returns whether there is more to give. `newest` is the newest vacancy that the claim knew of. */
export async function giveSlots(tx: Transaction, newest: number): Promise<boolean> {
  const limits = await tx.query<Limit>(LOCK_LIMITS);
  const vacancies = await tx.query<Vacancy>(TAKE_VACANCIES, [limits.map(({ name }) => name)]);
  const limitOf = new Map(limits.map((limit) => [limit.name, limit]));
  // Only if nothing limits all keys together does it matter which key has room.
  const wanted = new Map<string, Vacancy>();
  for (const { name, key } of vacancies) {
    const isAny = limitOf.get(name)?.concurrency !== null;
    wanted.set(JSON.stringify(isAny ? [name] : [name, key]), { name, key });
  }
  const served = await Promise.all(
    [...wanted.values()].map(async (vacancy) => {
      const limit = limitOf.get(vacancy.name);
      const done = limit === undefined ? "all" : await serve(tx, limit, vacancy.key);
      if (done !== "all") await addVacancy(tx, vacancy);
      return done;
    }),
  );
  if (served.includes("again")) return true;
  const left = await tx.query(`SELECT 1 FROM limit_vacancies WHERE id <= $1 LIMIT 1`, [newest]);
  return left.length > 0;
}

async function serve(tx: Transaction, limit: Limit, key: string): Promise<Served> {
  const { name, concurrency, keyConcurrency } = limit;
  if (concurrency !== null && keyConcurrency !== null) return takeTurns(tx, limit);
  const isOfKey = keyConcurrency !== null;
  const slots = keyConcurrency ?? concurrency ?? MAX_SLOTS;
  const of = isOfKey ? key : null;
  const { free, given, isBlocked } = await give(tx, { name, key: of, slots, most: MAX_SLOTS });
  if (given === MAX_SLOTS) return "again";
  return isBlocked && given < free ? "later" : "all";
}

async function give(
  tx: Transaction,
  request: { name: string; key: string | null; slots: number; most: number },
): Promise<{ free: number; given: number; isBlocked: boolean }> {
  const { name, key, slots, most } = request;
  const [row] = await tx.query<{ free: number; given: number; isBlocked: boolean }>(
    key === null ? GIVE_ALL : GIVE_KEY,
    [name, key, slots, most],
  );
  return row ?? { free: 0, given: 0, isBlocked: false };
}

/** One slot for each key in its turn. Few keys are full, because each has at least one of all slots. */
async function takeTurns(tx: Transaction, limit: Limit): Promise<Served> {
  const { name } = limit;
  const slots = limit.concurrency ?? 0;
  const [count] = await tx.query<{ used: number }>(COUNT, [name, slots]);
  let left = Math.min(MAX_TURNS, slots - (count?.used ?? slots));
  let key = limit.servedKey;
  const full = new Set<string>();
  let passed = new Set<string>();
  let given = 0;
  let hasSkipped = false;
  while (left > 0) {
    const next = await findNextKey(tx, name, key);
    if (next === undefined || passed.has(next)) break;
    key = next;
    const turn = full.has(key)
      ? { given: 0, free: 0 }
      : await give(tx, { name, key, slots: limit.keyConcurrency ?? slots, most: 1 });
    if (turn.given > 0) {
      given += 1;
      left -= 1;
      passed = new Set();
    } else {
      full.add(key);
      passed.add(key);
      hasSkipped ||= turn.free > 0;
    }
  }
  if (key !== limit.servedKey) {
    await tx.query(`UPDATE limits SET served_key = $2 WHERE name = $1`, [name, key]);
  }
  if (given === MAX_TURNS) return "again";
  return hasSkipped ? "later" : "all";
}

/** The key with a blocked job that comes after `key` in the order of their characters; behind the last, the first. */
async function findNextKey(
  tx: Transaction,
  name: string,
  key: string,
): Promise<string | undefined> {
  const [after] = await tx.query<{ key: string }>(FIND_AFTER, [name, key]);
  if (after !== undefined) return after.key;
  const [first] = await tx.query<{ key: string }>(FIND_FIRST, [name, ""]);
  return first?.key;
}
