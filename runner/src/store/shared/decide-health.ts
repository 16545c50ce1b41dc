import { afterAttempt, isOpen, type DestinationState } from "../../domain/destination.ts";
import type { AttemptOutcome, DestinationChange } from "../../ports/store/deliveries.ts";

/** A destination's columns, as the attempt's delivery was read with them. */
export interface HealthColumns {
  readonly destination: number;
  readonly key: string;
  readonly failures: number;
  readonly paused_until: number;
  readonly held_since: number | null;
  readonly probe: number | null;
}

/** What an attempt changes of its destination. */
type HealthDecision =
  /** The attempt was the probe, and says nothing about the destination. */
  | { readonly kind: "end-probe"; readonly pausedUntil: number }
  | {
      readonly kind: "change";
      readonly after: DestinationState;
      readonly heldSince: number | null;
      readonly lastError: string | null;
      readonly probe: number | null;
      readonly change: DestinationChange;
    };

/** Null if nothing changes, as after the success of an attempt to a destination that does not fail. */
export function decideHealth(
  row: HealthColumns & { readonly id: number },
  { attempt, destinationOutcome }: AttemptOutcome,
): HealthDecision | null {
  const { key, probe } = row;
  const isNeutral = destinationOutcome.kind === "neutral";
  const isSuccess = !isNeutral && destinationOutcome.kind !== "failed";
  // A success ends the probe of another attempt too: nothing has to be found out any more.
  const isProbe = probe === row.id || (probe !== null && isSuccess);
  if (!isProbe && (isNeutral || (isSuccess && row.failures === 0))) return null;
  const now = Math.floor(attempt.at + attempt.durationMs);
  const before = { failuresInRow: row.failures, pausedUntil: row.paused_until };
  const after = afterAttempt(before, destinationOutcome, { now, isProbe });
  if (isNeutral) return { kind: "end-probe", pausedUntil: after.pausedUntil };
  const since = isHeld(before, now) ? (row.held_since ?? now) : now;
  return {
    kind: "change",
    after,
    heldSince: isHeld(after, now) ? since : null,
    lastError:
      destinationOutcome.kind === "failed" ? (attempt.error ?? `status ${attempt.status}`) : null,
    probe: isProbe ? null : probe,
    change: { key, before, after },
  };
}

function isHeld(state: DestinationState, now: number): boolean {
  return isOpen(state) || now < state.pausedUntil;
}
