import type { DatabaseSync } from "node:sqlite";
import {
  isPaused,
  lookAgainAt,
  slotsByState,
  type LimitState,
} from "../../../domain/limit-state.ts";
import { STATE_COLUMNS, toLimitState, type Scope, type StateRow } from "../../shared/limit-rows.ts";
import { prepare } from "../statement.ts";

export interface Place {
  readonly name: string;
  readonly isKey: 0 | 1;
  readonly key: string;
}

export interface LimitStates {
  get(scope: Scope): LimitState;
  /** Stores what has changed, and when to look again if jobs wait there and no slot can be given now. */
  settle(
    scope: Scope,
    change: { before: LimitState; after: LimitState; now: number; isAwaited: () => boolean },
  ): void;
  /** Takes up to `most` places where a claim wanted to look again by now. */
  wake(now: number, most: number): Place[];
  /** Lets a key take its turns. */
  addTurn(name: string, key: string): void;
  endTurn(name: string, key: string): void;
  /** The key in turn that comes next; behind the last, the first. */
  nextInTurn(name: string, after: string): string | undefined;
}

export function prepareLimitStates(db: DatabaseSync): LimitStates {
  const ROW = `limit_name = ? AND is_key = ? AND limit_key = ?`;
  const find = prepare<StateRow & { wake_at: number | null }>(
    db,
    `SELECT ${STATE_COLUMNS}, wake_at FROM limit_states WHERE ${ROW}`,
  );
  const save = prepare(
    db,
    `INSERT INTO limit_states (limit_name, is_key, limit_key, arrival, wake_at)
     VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT DO UPDATE SET arrival = ?4, wake_at = ?5`,
  );
  const findToWake = prepare<Place>(
    db,
    `SELECT limit_name AS name, is_key AS isKey, limit_key AS key
     FROM limit_states INDEXED BY limit_states_to_wake WHERE wake_at <= ? ORDER BY wake_at LIMIT ?`,
  );
  const clearWake = prepare(
    db,
    `UPDATE limit_states SET wake_at = NULL,
       paused_at = iif(paused_until <= ?4, NULL, paused_at),
       paused_by = iif(paused_until <= ?4, NULL, paused_by),
       paused_until = iif(paused_until <= ?4, NULL, paused_until)
     WHERE limit_name = ?1 AND is_key = ?2 AND limit_key = ?3`,
  );
  const addTurn = prepare(
    db,
    `INSERT INTO limit_states (limit_name, is_key, limit_key, in_turn) VALUES (?, 1, ?, 1)
     ON CONFLICT DO UPDATE SET in_turn = 1`,
  );
  const endTurn = prepare(db, `UPDATE limit_states SET in_turn = 0 WHERE ${ROW}`);
  const findInTurn = (after: ">" | ">=") =>
    prepare<{ key: string }>(
      db,
      `SELECT limit_key AS key FROM limit_states INDEXED BY limit_states_in_turn
       WHERE in_turn = 1 AND limit_name = ? AND limit_key ${after} ? ORDER BY limit_key LIMIT 1`,
    );
  const findAfter = findInTurn(">");
  const findFirst = findInTurn(">=");

  return {
    get: ({ name, isKey, key }) => toLimitState(find.get(name, isKey, key)),
    settle({ name, isKey, key, rate }, { before, after, now, isAwaited }) {
      // The end of a pause is looked at in any case: it is forgotten then.
      const wakes = isPaused(after, now) || (slotsByState(after, rate, now) <= 0 && isAwaited());
      const wakeAt = wakes ? lookAgainAt(after, rate, now) : null;
      const stored = find.get(name, isKey, key)?.wake_at ?? null;
      if (before === after && wakeAt === stored) return;
      save.run(name, isKey, key, after.arrival, wakeAt);
    },
    wake(now, most) {
      const places = findToWake.all(now, most);
      for (const { name, isKey, key } of places) clearWake.run(name, isKey, key, now);
      return places;
    },
    addTurn: (name, key) => void addTurn.run(name, key),
    endTurn: (name, key) => void endTurn.run(name, 1, key),
    nextInTurn: (name, after) => (findAfter.get(name, after) ?? findFirst.get(name, ""))?.key,
  };
}
