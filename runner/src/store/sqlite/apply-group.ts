/** One write group is one transaction and one fsync. A change that fails does not affect the others. */
import type { DatabaseSync } from "node:sqlite";
import type { Applied as AppliedOf, Change, Outcome as OutcomeOf } from "../shared/change.ts";
import type { ErrorData } from "../shared/error-data.ts";
import type { Operations } from "./change.ts";
import { toErrorData } from "./store-error.ts";
import { systemClock } from "../../system/clock.ts";

type Applied = AppliedOf<ErrorData>;
type Outcome = OutcomeOf<ErrorData>;

export interface Target {
  readonly db: DatabaseSync;
  readonly operations: Operations;
}

/** A failed commit counts as a slow one, so that no second group is sent next to the first. */
const FAILED_MS = Number.POSITIVE_INFINITY;

/** Returns the outcomes in the order of the changes. What is `ok` is on disk. Never throws. */
export function applyGroup(target: Target, changes: readonly Change[]): Applied {
  try {
    return inTransaction(target.db, () => changes.map((change) => apply(target, change)));
  } catch (error) {
    // A savepoint costs as much as a small change, so they are used only after a change has failed.
    if (changes.length > 1) return applyWithSavepoints(target, changes);
    return { outcomes: [toFailed(error)], commitMs: FAILED_MS };
  }
}

function applyWithSavepoints(target: Target, changes: readonly Change[]): Applied {
  try {
    return inTransaction(target.db, () =>
      changes.map((change) => applyInSavepoint(target, change)),
    );
  } catch (error) {
    // The commit failed, or SQLite rolled back the transaction (disk full, I/O): nothing was
    // stored.
    return { outcomes: changes.map(() => toFailed(error)), commitMs: FAILED_MS };
  }
}

function applyInSavepoint(target: Target, change: Change): Outcome {
  const { db } = target;
  db.exec("SAVEPOINT change");
  try {
    const outcome = apply(target, change);
    db.exec("RELEASE change");
    return outcome;
  } catch (error) {
    if (!db.isTransaction) throw error;
    db.exec("ROLLBACK TO change");
    db.exec("RELEASE change");
    return toFailed(error);
  }
}

function inTransaction(db: DatabaseSync, work: () => Outcome[]): Applied {
  try {
    db.exec("BEGIN IMMEDIATE");
    const outcomes = work();
    const from = systemClock.monotonic();
    db.exec("COMMIT");
    return { outcomes, commitMs: systemClock.monotonic() - from };
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function apply({ operations }: Target, change: Change): Outcome {
  // `Change` pairs each name with its arguments, but TypeScript loses that for a union of calls.
  const operation = operations[change.name] as (...args: unknown[]) => unknown;
  return { ok: true, value: operation(...change.args) };
}

function toFailed(error: unknown): Outcome {
  return { ok: false, error: toErrorData(error) };
}
