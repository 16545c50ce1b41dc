import type { DatabaseSync } from "node:sqlite";
import { afterGiving, isPaused, slotsByState } from "../../../domain/limit-state.ts";
import { hasKeys, limitsAll } from "../../../domain/plugin-limits.ts";
import {
  allOf,
  keyOf,
  LIMIT_COLUMNS,
  toLimit,
  type Limit,
  type LimitRow,
  type Scope,
} from "../../shared/limit-rows.ts";
import { prepare } from "../statement.ts";
import { prepareLimitStates, type LimitStates, type Place } from "./limit-states.ts";
import { prepareVacateKeys } from "./limits.ts";

/** The limits and keys that one claim looks at, so that no transaction takes long. */
const MAX_VACANCIES = 200;
/** The slots that one claim gives for one limit. More than it claims, so the others can be given later. */
const MAX_SLOTS = 200;
/** The keys that one claim passes over for one limit, because they have no job, slot or rate. */
const MAX_PASSED = 1_000;

interface Slots {
  /** How many of the slots are not used. */
  free(scope: Scope): number;
  /** Whether a job waits for a slot. */
  isAwaited(scope: Scope): boolean;
  /** Gives up to `most` slots to the jobs that are next. Returns how many it gave. */
  give(scope: Scope, most: number): number;
}

interface Claim {
  readonly now: number;
  /** How many jobs the claim takes. A rate counts the slots, so no more of them are given ahead. */
  readonly room: number;
}

export interface GiveSlots {
  /**
   * Gives the slots that have become free to the jobs that are next: the keys in turn, and of a key the
   * highest priority first, then in the order of submission.
   */
  give(claim: Claim): void;
  /** Whether slots can be free that it has not looked at. */
  isMore(now: number): boolean;
}

export function prepareGiveSlots(db: DatabaseSync): GiveSlots {
  const isAnyVacant = prepare(
    db,
    `SELECT 1 FROM limit_vacancies WHERE limit_name > ''
     UNION ALL SELECT 1 FROM limit_states WHERE wake_at <= ? LIMIT 1`,
  );
  const findVacancies = prepare<{ name: string; key: string }>(
    db,
    `SELECT limit_name AS name, limit_key AS key FROM limit_vacancies
     WHERE limit_name > '' ORDER BY limit_name, limit_key LIMIT ${MAX_VACANCIES}`,
  );
  const removeVacancy = prepare(
    db,
    `DELETE FROM limit_vacancies WHERE limit_name = ? AND limit_key = ?`,
  );
  const findLimit = prepare<LimitRow & { served_key: string }>(
    db,
    `SELECT ${LIMIT_COLUMNS}, served_key FROM limits WHERE name = ?`,
  );
  const addVacancy = prepare(db, `INSERT OR IGNORE INTO limit_vacancies VALUES (?, ?)`);
  const vacateKeys = prepareVacateKeys(db);
  const states = prepareLimitStates(db);
  const slots = prepareSlots(db);
  const giveIn = createGiveIn(states, slots);
  const takeTurns = prepareTakeTurns(db, states, slots);

  /** Returns false if it gave as many as it may. */
  function serve(limit: Limit & { servedKey: string }, { key }: Place, claim: Claim): boolean {
    if (!hasKeys(limit)) return giveIn(allOf(limit), claim);
    if (limitsAll(limit)) return takeTurns(limit, claim);
    const all = allOf(limit);
    const before = states.get(all);
    if (!isPaused(before, claim.now)) return giveIn(keyOf(limit, key), claim);
    states.settle(all, { before, after: before, now: claim.now, isAwaited: () => true });
    return true;
  }

  const isMore = (now: number): boolean => isAnyVacant.get(now) !== undefined;

  function takeVacancies(now: number): Place[] {
    const vacancies = findVacancies.all();
    for (const { name, key } of vacancies) removeVacancy.run(name, key);
    return [
      ...vacancies.map(({ name, key }) => ({ name, isKey: 1 as const, key })),
      ...states.wake(now, MAX_VACANCIES),
    ];
  }

  function give(claim: Claim): void {
    if (!isMore(claim.now)) return;
    const limits = new Map<string, Limit & { servedKey: string }>();
    const wanted = new Map<string, Place>();
    for (const place of takeVacancies(claim.now)) {
      const { name, isKey, key } = place;
      const row = limits.has(name) ? undefined : findLimit.get(name);
      if (row !== undefined) limits.set(name, { ...toLimit(row), servedKey: row.served_key });
      const limit = limits.get(name);
      if (limit === undefined) continue;
      if (!limitsAll(limit) && hasKeys(limit)) {
        // Each key has its own slots. All of them waited for the end of a pause.
        if (isKey === 0) vacateKeys(name);
        else wanted.set(JSON.stringify([name, key]), place);
      } else {
        if (isKey === 1 && hasKeys(limit)) states.addTurn(name, key);
        wanted.set(name, place);
      }
    }
    for (const place of wanted.values()) {
      const limit = limits.get(place.name);
      if (limit === undefined || serve(limit, place, claim)) continue;
      addVacancy.run(place.name, place.key);
    }
  }

  return { give, isMore };
}

function prepareSlots(db: DatabaseSync): Slots {
  const BLOCKED = `status = 'queued' AND due = 1 AND waiting_since IS NULL AND blocked_since IS NOT NULL`;
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
         SELECT seq FROM jobs INDEXED BY jobs_blocked WHERE ${BLOCKED} AND ${of} LIMIT ?
       )`,
    );
  const giveAll = give("limit_name = ?1 ORDER BY limit_key, priority DESC, seq");
  const giveKey = give("limit_name = ? AND limit_key = ? ORDER BY priority DESC, seq");
  const find = (of: string) =>
    prepare(db, `SELECT 1 FROM jobs INDEXED BY jobs_blocked WHERE ${BLOCKED} AND ${of} LIMIT 1`);
  const findAll = find("limit_name = ?");
  const findKey = find("limit_name = ? AND limit_key = ?");
  return {
    free({ name, isKey, key, concurrency: most }) {
      if (most === null) return MAX_SLOTS;
      const row = isKey === 0 ? countAll.get(name, most) : countKey.get(name, key, most);
      return most - (row?.used ?? 0);
    },
    isAwaited({ name, isKey, key }) {
      return (isKey === 0 ? findAll.get(name) : findKey.get(name, key)) !== undefined;
    },
    give({ name, isKey, key }, most) {
      if (most <= 0) return 0;
      const given = isKey === 0 ? giveAll.run(name, most) : giveKey.run(name, key, most);
      return Number(given.changes);
    },
  };
}

function createGiveIn(states: LimitStates, slots: Slots) {
  return (scope: Scope, { now, room }: Claim): boolean => {
    const before = states.get(scope);
    const most = scope.rate === null ? MAX_SLOTS : Math.min(MAX_SLOTS, Math.max(1, room));
    const free = Math.min(most, slotsByState(before, scope.rate, now), slots.free(scope));
    const given = slots.give(scope, free);
    const after = afterGiving(before, scope.rate, { now, slots: given });
    states.settle(scope, { before, after, now, isAwaited: () => slots.isAwaited(scope) });
    return given < most || !slots.isAwaited(scope);
  };
}

/** One slot for each key in its turn. A key that can have none is not in turn until that changes. */
function prepareTakeTurns(db: DatabaseSync, states: LimitStates, slots: Slots) {
  const keepTurn = prepare(db, `UPDATE limits SET served_key = ? WHERE name = ?`);

  /** Returns whether the key got a slot. */
  function giveTo(scope: Scope, now: number): boolean {
    const before = states.get(scope);
    const isFree = slotsByState(before, scope.rate, now) > 0 && slots.free(scope) > 0;
    const given = isFree ? slots.give(scope, 1) : 0;
    if (given === 0) states.endTurn(scope.name, scope.key);
    const after = afterGiving(before, scope.rate, { now, slots: given });
    const isAwaited = (): boolean => given === 0 && slots.isAwaited(scope);
    states.settle(scope, { before, after, now, isAwaited });
    return given > 0;
  }

  return (limit: Limit & { servedKey: string }, { now, room }: Claim): boolean => {
    const { name } = limit;
    const all = allOf(limit);
    const before = states.get(all);
    const isRated = limit.rate !== null || limit.keyRate !== null;
    const most = isRated ? Math.min(MAX_SLOTS, Math.max(1, room)) : MAX_SLOTS;
    const left = Math.min(most, slotsByState(before, all.rate, now), slots.free(all));
    let key = limit.servedKey;
    let given = 0;
    let passed = 0;
    while (given < left && passed < MAX_PASSED) {
      const next = states.nextInTurn(name, key);
      if (next === undefined) break;
      key = next;
      if (giveTo(keyOf(limit, key), now)) given += 1;
      else passed += 1;
    }
    if (key !== limit.servedKey) keepTurn.run(key, name);
    const after = afterGiving(before, all.rate, { now, slots: given });
    const isAwaited = (): boolean => states.nextInTurn(name, "") !== undefined;
    states.settle(all, { before, after, now, isAwaited });
    const isCutOff = given === most || passed === MAX_PASSED;
    return !isCutOff || !isAwaited();
  };
}
