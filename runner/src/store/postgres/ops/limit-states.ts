/** The states of limits and keys, which change only under the lock of the limit's row. */
import {
  isPaused,
  lookAgainAt,
  slotsByState,
  type LimitState,
} from "../../../domain/limit-state.ts";
import { STATE_COLUMNS, toLimitState, type Scope, type StateRow } from "../../shared/limit-rows.ts";
import type { Transaction } from "../transaction.ts";

export interface Place {
  readonly name: string;
  readonly isKey: number;
  readonly key: string;
}

/** A state as it is stored. */
export interface Known {
  readonly state: LimitState;
  readonly wakeAt: number | null;
}

type Row = StateRow & Place & { readonly wake_at: number | null };

const COLUMNS = `limit_name AS name, is_key AS "isKey", limit_key AS key, wake_at, ${STATE_COLUMNS}`;

export const TAKE_WAKES = `UPDATE limit_states SET wake_at = NULL,
    paused_at = CASE WHEN paused_until <= $1 THEN NULL ELSE paused_at END,
    paused_by = CASE WHEN paused_until <= $1 THEN NULL ELSE paused_by END,
    paused_until = CASE WHEN paused_until <= $1 THEN NULL ELSE paused_until END
  FROM (
    SELECT limit_name, is_key, limit_key FROM limit_states
    WHERE wake_at <= $1 AND limit_name = ANY ($2::text[]) ORDER BY wake_at LIMIT $3
  ) AS woken
  WHERE limit_states.limit_name = woken.limit_name AND limit_states.is_key = woken.is_key
    AND limit_states.limit_key = woken.limit_key
  RETURNING limit_states.limit_name AS name, limit_states.is_key AS "isKey",
    limit_states.limit_key AS key`;

export async function readState(tx: Transaction, scope: Scope): Promise<Known> {
  const [row] = await tx.query<Row>(
    `SELECT ${COLUMNS} FROM limit_states
     WHERE limit_name = $1 AND is_key = $2 AND limit_key = $3`,
    [scope.name, scope.isKey, scope.key],
  );
  return toKnown(row);
}

/** Stores what has changed, and when to look again if jobs wait there and no slot can be given now. */
export async function settle(
  tx: Transaction,
  { name, isKey, key, rate }: Scope,
  {
    before,
    after,
    now,
    isAwaited,
  }: { before: Known; after: LimitState; now: number; isAwaited: boolean },
): Promise<void> {
  // The end of a pause is looked at in any case: it is forgotten then.
  const wakes = isPaused(after, now) || (slotsByState(after, rate, now) <= 0 && isAwaited);
  const wakeAt = wakes ? lookAgainAt(after, rate, now) : null;
  if (before.state === after && wakeAt === before.wakeAt) return;
  await tx.query(
    `INSERT INTO limit_states (limit_name, is_key, limit_key, arrival, wake_at)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (limit_name, is_key, limit_key) DO UPDATE SET arrival = $4, wake_at = $5`,
    [name, isKey, key, after.arrival, wakeAt],
  );
}

/** Lets keys take their turns. */
export async function addTurns(tx: Transaction, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return;
  await tx.query(
    `INSERT INTO limit_states (limit_name, is_key, limit_key, in_turn)
     SELECT DISTINCT name, 1, key, 1 FROM unnest($1::text[], $2::text[]) AS place (name, key)
     ON CONFLICT (limit_name, is_key, limit_key) DO UPDATE SET in_turn = 1`,
    [places.map(({ name }) => name), places.map(({ key }) => key)],
  );
}

export async function endTurn(tx: Transaction, { name, key }: Scope): Promise<void> {
  await tx.query(
    `UPDATE limit_states SET in_turn = 0 WHERE limit_name = $1 AND is_key = 1 AND limit_key = $2`,
    [name, key],
  );
}

/** Up to `most` keys in turn, those after a key first. */
export async function readTurns(
  tx: Transaction,
  { name, after, most }: { name: string; after: string; most: number },
): Promise<(Known & { readonly key: string })[]> {
  const find = (compared: string) => `(SELECT ${COLUMNS} FROM limit_states
     WHERE in_turn = 1 AND limit_name = $1 AND limit_key ${compared} $2
     ORDER BY limit_name, limit_key LIMIT $3)`;
  const rows = await tx.query<Row>(`${find(">")} UNION ALL ${find("<=")}`, [name, after, most]);
  return rows.map((row) => ({ key: row.key, ...toKnown(row) }));
}

function toKnown(row: Row | undefined): Known {
  return { state: toLimitState(row), wakeAt: row?.wake_at ?? null };
}
