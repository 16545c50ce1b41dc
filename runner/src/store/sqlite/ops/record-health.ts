import type { DatabaseSync } from "node:sqlite";
import { afterAttempt, isOpen, type DestinationState } from "../../../domain/destination.ts";
import type { AttemptOutcome, DestinationChange } from "../../../ports/store/deliveries.ts";
import { prepare } from "../statement.ts";

/** A destination's columns, as the attempt's delivery was read with them. */
export interface HealthColumns {
  readonly destination: number;
  readonly key: string;
  readonly failures: number;
  readonly paused_until: number;
  readonly held_since: number | null;
  readonly probe: number | null;
}

/** Changes the destination as the attempt says. A success of one that does not fail writes nothing. */
export function prepareRecordHealth(
  db: DatabaseSync,
): (
  row: HealthColumns & { readonly id: number },
  outcome: AttemptOutcome,
) => DestinationChange | null {
  const update = prepare(
    db,
    `UPDATE destinations SET failures = ?, paused_until = ?, held_since = ?, last_error = ?,
       probe = ? WHERE id = ?`,
  );
  const endProbe = prepare(
    db,
    `UPDATE destinations SET paused_until = ?, probe = NULL WHERE id = ?`,
  );

  return (row, { attempt, destinationOutcome }) => {
    const { destination, key, probe } = row;
    const isNeutral = destinationOutcome.kind === "neutral";
    const isSuccess = !isNeutral && destinationOutcome.kind !== "failed";
    // A success ends the probe of another attempt too: nothing has to be found out any more.
    const isProbe = probe === row.id || (probe !== null && isSuccess);
    if (!isProbe && (isNeutral || (isSuccess && row.failures === 0))) return null;
    const now = Math.floor(attempt.at + attempt.durationMs);
    const before = { failuresInRow: row.failures, pausedUntil: row.paused_until };
    const after = afterAttempt(before, destinationOutcome, { now, isProbe });
    if (isNeutral) {
      endProbe.run(after.pausedUntil, destination);
      return null;
    }
    const since = isHeld(before, now) ? (row.held_since ?? now) : now;
    update.run(
      after.failuresInRow,
      after.pausedUntil,
      isHeld(after, now) ? since : null,
      destinationOutcome.kind === "failed" ? (attempt.error ?? `status ${attempt.status}`) : null,
      isProbe ? null : probe,
      destination,
    );
    return { key, before, after };
  };
}

function isHeld(state: DestinationState, now: number): boolean {
  return isOpen(state) || now < state.pausedUntil;
}
