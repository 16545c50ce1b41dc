/**
 * One write group is one transaction. Changes that touch different rows run at the same time, which
 * saves most of the waits for the server; the others run in the order of the calls.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../system/clock.ts";
import { Transient } from "../../domain/errors.ts";
import type { Applied, Change, Outcome } from "../shared/change.ts";
import type { Operations } from "./change.ts";
import { lockGroup } from "./lock-group.ts";
import { createSchedule } from "./schedule.ts";
import type { Session } from "./session.ts";
import { isConflict, isConnectionLost, toError } from "./store-error.ts";
import { createTransaction, NeedsExclusive, type OpenTransaction } from "./transaction.ts";
import type { Turns } from "./turns.ts";

/** A failed commit counts as a slow one, so that no second group is sent next to the first. */
const FAILED_MS = Number.POSITIVE_INFINITY;
/** How often a group is repeated that was in the way of another daemon's. */
const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 5;

export interface Target {
  readonly session: Session;
  readonly operations: Operations;
  readonly turns: Turns;
  /** The row of the counts that this daemon adds to. */
  readonly slot: number;
}

/** Runs a change in the group's transaction. */
type Run = (tx: OpenTransaction, change: Change) => Promise<Outcome>;

/**
 * Returns the outcomes in the order of the changes. What is `ok` is on disk. Throws `Transient` if the
 * connection is lost: the group may have been stored.
 */
export async function applyGroup(target: Target, changes: readonly Change[]): Promise<Applied> {
  try {
    return await repeatOnConflict(() => inTransaction(target, changes, { alone: false }));
  } catch (error) {
    if (isConnectionLost(error)) throw toError(error);
    if (changes.length === 1) return fail(changes, error);
    // A savepoint costs as much as a small change, so they are used only after a change has failed.
    return applyWithSavepoints(target, changes);
  }
}

async function applyWithSavepoints(target: Target, changes: readonly Change[]): Promise<Applied> {
  try {
    return await repeatOnConflict(() => inTransaction(target, changes, { alone: true }));
  } catch (error) {
    if (isConnectionLost(error)) throw toError(error);
    return fail(changes, error);
  }
}

function fail(changes: readonly Change[], error: unknown): Applied {
  return { outcomes: changes.map(() => toFailed(error)), commitMs: FAILED_MS };
}

function toFailed(error: unknown): Outcome {
  return { ok: false, error: toError(error) };
}

async function repeatOnConflict(attempt: () => Promise<Applied>): Promise<Applied> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || number === MAX_ATTEMPTS) throw error;
      await sleep(pauseMs);
      pauseMs *= 2;
    }
  }
}

async function inTransaction(
  target: Target,
  changes: readonly Change[],
  { alone, exclusive = false }: { alone: boolean; exclusive?: boolean },
): Promise<Applied> {
  const { session, operations } = target;
  const run: Run = alone
    ? (tx, change) => inSavepoint({ session, tx }, () => apply(operations, tx, change))
    : (tx, change) => apply(operations, tx, change);
  let tx: OpenTransaction | null = null;
  try {
    const start = await lockGroup(session, changes, { exclusive });
    tx = createTransaction(target, start);
    const schedule = createSchedule(start, changes, { alone });
    const opened = tx;
    const outcomes = await schedule((change) => run(opened, change));
    const from = systemClock.monotonic();
    await commit(target, tx);
    return { outcomes, commitMs: systemClock.monotonic() - from };
  } catch (error) {
    tx?.end();
    if (session.isOpen()) await session.run("ROLLBACK");
    if (error instanceof NeedsExclusive) {
      return inTransaction(target, changes, { alone, exclusive: true });
    }
    throw error;
  }
}

/** A transaction that failed is rolled back by COMMIT, which then reports no error. */
async function commit({ session, slot }: Target, tx: OpenTransaction): Promise<void> {
  const counts = [...tx.counts]
    .filter(([, by]) => by !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const keys = counts.map(([key]) => key.split(" "));
  tx.end();
  const [, command] = await Promise.all([
    counts.length === 0
      ? null
      : session.query(
          `INSERT INTO counts (kind, state, slot, count)
           SELECT kind, state, $3, by
             FROM unnest($1::text[], $2::text[], $4::bigint[]) AS changed (kind, state, by)
           ON CONFLICT (kind, state, slot) DO UPDATE SET count = counts.count + excluded.count`,
          [
            keys.map(([kind]) => kind ?? ""),
            keys.map(([, state]) => state ?? ""),
            slot,
            counts.map(([, by]) => by),
          ],
        ),
    session.run("COMMIT"),
  ]);
  if (command !== "COMMIT") {
    throw new Transient("STORE_BUSY", `The transaction was not committed: ${command}.`);
  }
  tx.committed();
}

async function inSavepoint(
  { session, tx }: { session: Session; tx: OpenTransaction },
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const restore = tx.mark();
  await session.run("SAVEPOINT change");
  try {
    const outcome = await work();
    await session.run("RELEASE change");
    return outcome;
  } catch (error) {
    // The whole group is repeated in another mode.
    if (error instanceof NeedsExclusive || isConflict(error) || !session.isOpen()) throw error;
    await session.run("ROLLBACK TO change");
    restore();
    return toFailed(error);
  }
}

async function apply(
  operations: Operations,
  tx: OpenTransaction,
  change: Change,
): Promise<Outcome> {
  // `Change` pairs each name with its arguments, but TypeScript loses that for a union of calls.
  const operation = operations[change.name] as (...args: unknown[]) => Promise<unknown>;
  return { ok: true, value: await operation(tx, ...change.args) };
}
