/**
 * Gives the slots that have become free to the jobs that are next: the keys in turn, and of a key the
 * highest priority first, then in the order of submission.
 *
 * Slots are given under the lock of the limit's row, and counted in a later statement, so two daemons
 * never give the same one. A limit whose row another claim has locked is left to the next claim. A
 * blocked job whose row is locked is passed over, because its transaction may wait for the same locks.
 */
import { afterGiving, isPaused, slotsByState } from "../../../domain/limit-state.ts";
import { hasKeys, limitsAll, MAX_CONCURRENCY } from "../../../domain/plugin-limits.ts";
import {
  allOf,
  keyOf,
  LIMIT_COLUMNS,
  toLimit,
  type Limit,
  type LimitRow,
  type Scope,
} from "../../shared/limit-rows.ts";
import type { Transaction } from "../transaction.ts";
import {
  addTurns,
  endTurn,
  readState,
  readTurns,
  settle,
  TAKE_WAKES,
  type Known,
  type Place,
} from "./limit-states.ts";
import { addVacancy, vacateKeys } from "./limits.ts";

/** The limits and keys that one claim looks at, so that no transaction takes long. */
const MAX_VACANCIES = 500;
/** The slots that one claim gives for one limit. More than it claims, so the others can be given later. */
const MAX_SLOTS = 100;
/** As long as each key gets one slot at a time, each slot takes two round trips. */
const MAX_TURNS = 30;
/** The keys that one claim looks at for one limit, those that can have no slot included. */
const MAX_LOOKS = 200;

type StoredLimit = Limit & { readonly servedKey: string };

interface Claim {
  readonly now: number;
  /** How many jobs the claim takes. A rate counts the slots, so no more of them are given ahead. */
  readonly room: number;
}

/** `again`: more can be given now. `later`: a row that is locked could be given one. */
type Served = "all" | "again" | "later";

/** Where slots can be free. */
export interface Vacant {
  /** The newest vacancy, or null. */
  readonly newest: number | null;
  /** Whether it is time to look at a limit again. */
  readonly isDue: boolean;
}

export const FIND_VACANT = `SELECT (SELECT max(id) FROM limit_vacancies) AS newest,
  EXISTS (SELECT 1 FROM limit_states WHERE wake_at <= $1) AS "isDue"`;

const LOCK_LIMITS = `SELECT ${LIMIT_COLUMNS}, served_key
  FROM limits WHERE name = ANY (ARRAY(
    SELECT limit_name FROM limit_vacancies ORDER BY id LIMIT ${MAX_VACANCIES}
  ) || ARRAY(
    SELECT limit_name FROM limit_states WHERE wake_at <= $1 ORDER BY wake_at LIMIT ${MAX_VACANCIES}
  ))
  ORDER BY name FOR NO KEY UPDATE SKIP LOCKED`;

const TAKE_VACANCIES = `DELETE FROM limit_vacancies WHERE id = ANY (ARRAY(
    SELECT id FROM limit_vacancies WHERE limit_name = ANY ($1::text[])
    ORDER BY id LIMIT ${MAX_VACANCIES}
  ))
  RETURNING limit_name AS name, 1 AS "isKey", limit_key AS key`;

const IS_LEFT = `SELECT 1 FROM limit_vacancies WHERE id <= $1
  UNION ALL SELECT 1 FROM limit_states WHERE wake_at <= $2 LIMIT 1`;

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

/** Returns whether there is more to give. `newest` is the newest vacancy that the claim knew of. */
export async function giveSlots(
  tx: Transaction,
  { newest }: Vacant,
  claim: Claim,
): Promise<boolean> {
  const rows = await tx.query<LimitRow & { served_key: string }>(LOCK_LIMITS, [claim.now]);
  const names = rows.map(({ name }) => name);
  const limits = new Map(
    rows.map((row) => [row.name, { ...toLimit(row), servedKey: row.served_key }]),
  );
  const [vacancies, woken] = await Promise.all([
    tx.query<Place>(TAKE_VACANCIES, [names]),
    tx.query<Place>(TAKE_WAKES, [claim.now, names, MAX_VACANCIES]),
  ]);
  const { wanted, hasVacated } = await sort(tx, limits, [...vacancies, ...woken]);
  const served = await Promise.all(
    wanted.map(async (place) => {
      const limit = limits.get(place.name);
      const done = limit === undefined ? "all" : await serve(tx, { limit, key: place.key }, claim);
      if (done !== "all") await addVacancy(tx, place);
      return done;
    }),
  );
  // Vacancies that were added now are newer than the newest that is known.
  if (hasVacated || served.includes("again")) return true;
  const left = await tx.query(IS_LEFT, [newest ?? 0, claim.now]);
  return left.length > 0;
}

/** Returns where to look, each limit or key once. `hasVacated`: the next claim looks at more keys. */
async function sort(
  tx: Transaction,
  limits: ReadonlyMap<string, StoredLimit>,
  places: readonly Place[],
): Promise<{ wanted: Place[]; hasVacated: boolean }> {
  const wanted = new Map<string, Place>();
  const turns: Place[] = [];
  const toVacate = new Set<string>();
  for (const place of places) {
    const { name, isKey, key } = place;
    const limit = limits.get(name);
    if (limit === undefined) continue;
    if (hasKeys(limit) && !limitsAll(limit)) {
      // Each key has its own slots. All of them waited for the end of a pause.
      if (isKey === 0) toVacate.add(name);
      else wanted.set(JSON.stringify([name, key]), place);
    } else {
      if (isKey === 1 && hasKeys(limit)) turns.push(place);
      wanted.set(name, place);
    }
  }
  await addTurns(tx, turns);
  for (const name of toVacate) await vacateKeys(tx, name);
  return { wanted: [...wanted.values()], hasVacated: toVacate.size > 0 };
}

async function serve(
  tx: Transaction,
  { limit, key }: { limit: StoredLimit; key: string },
  claim: Claim,
): Promise<Served> {
  if (!hasKeys(limit)) return giveIn(tx, allOf(limit), claim);
  if (limitsAll(limit)) return takeTurns(tx, limit, claim);
  const all = allOf(limit);
  const before = await readState(tx, all);
  if (!isPaused(before.state, claim.now)) return giveIn(tx, keyOf(limit, key), claim);
  await settle(tx, all, { before, after: before.state, now: claim.now, isAwaited: true });
  return "all";
}

async function giveIn(tx: Transaction, scope: Scope, { now, room }: Claim): Promise<Served> {
  const before = await readState(tx, scope);
  const limitMost = scope.rate === null ? MAX_SLOTS : Math.min(MAX_SLOTS, Math.max(1, room));
  const most = Math.min(limitMost, Math.max(0, slotsByState(before.state, scope.rate, now)));
  const { free, given, isBlocked } = await give(tx, scope, most);
  const after = afterGiving(before.state, scope.rate, { now, slots: given });
  await settle(tx, scope, { before, after, now, isAwaited: isBlocked });
  if (given === limitMost && isBlocked) return "again";
  return isBlocked && given < Math.min(free, most) ? "later" : "all";
}

async function give(
  tx: Transaction,
  { name, isKey, key, concurrency }: Scope,
  most: number,
): Promise<{ free: number; given: number; isBlocked: boolean }> {
  const [row] = await tx.query<{ free: number; given: number; isBlocked: boolean }>(
    isKey === 1 ? GIVE_KEY : GIVE_ALL,
    [name, isKey === 1 ? key : null, concurrency ?? MAX_CONCURRENCY, most],
  );
  return row ?? { free: 0, given: 0, isBlocked: false };
}

/** One slot for each key in its turn. A key that can have none is not in turn until that changes. */
async function takeTurns(tx: Transaction, limit: StoredLimit, claim: Claim): Promise<Served> {
  const { name, servedKey } = limit;
  const all = allOf(limit);
  const before = await readState(tx, all);
  const isRated = limit.rate !== null || limit.keyRate !== null;
  const most = isRated ? Math.min(MAX_TURNS, Math.max(1, claim.room)) : MAX_TURNS;
  const left = Math.min(
    most,
    slotsByState(before.state, all.rate, claim.now),
    await countFree(tx, all),
  );
  let key = servedKey;
  let given = 0;
  let looks = 0;
  let hasSkipped = false;
  for (let hasMoved = true; hasMoved && given < left && looks < MAX_LOOKS;) {
    hasMoved = false;
    const turns = await readTurns(tx, { name, after: key, most: left });
    for (const turn of turns.slice(0, Math.min(left, MAX_LOOKS - looks))) {
      if (given === left) break;
      ({ key } = turn);
      looks += 1;
      const outcome = await giveTurn(tx, keyOf(limit, key), { before: turn, now: claim.now });
      if (outcome === "given") given += 1;
      hasSkipped ||= outcome === "locked";
      hasMoved ||= outcome !== "locked";
    }
  }
  if (key !== servedKey) {
    await tx.query(`UPDATE limits SET served_key = $2 WHERE name = $1`, [name, key]);
  }
  const [next] = await readTurns(tx, { name, after: key, most: 1 });
  const after = afterGiving(before.state, all.rate, { now: claim.now, slots: given });
  const isAwaited = next !== undefined;
  await settle(tx, all, { before, after, now: claim.now, isAwaited });
  if (isAwaited && (given === most || looks >= MAX_LOOKS)) return "again";
  return hasSkipped ? "later" : "all";
}

async function giveTurn(
  tx: Transaction,
  scope: Scope,
  { before, now }: { before: Known; now: number },
): Promise<"given" | "ended" | "locked"> {
  const most = Math.min(1, Math.max(0, slotsByState(before.state, scope.rate, now)));
  const { free, given, isBlocked } = await give(tx, scope, most);
  if (most > 0 && given === 0 && free > 0 && isBlocked) return "locked";
  if (given === 0) await endTurn(tx, scope);
  const after = afterGiving(before.state, scope.rate, { now, slots: given });
  await settle(tx, scope, { before, after, now, isAwaited: given === 0 && isBlocked });
  return given > 0 ? "given" : "ended";
}

async function countFree(tx: Transaction, { name, concurrency }: Scope): Promise<number> {
  if (concurrency === null) return MAX_SLOTS;
  const [row] = await tx.query<{ used: number }>(COUNT, [name, concurrency]);
  return concurrency - (row?.used ?? concurrency);
}
