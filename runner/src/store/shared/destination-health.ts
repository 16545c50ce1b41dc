import type { DestinationHealth } from "../../domain/hold.ts";

export interface DestinationHealthRow {
  readonly failures: number;
  readonly paused_until: number;
  readonly held_since: number | null;
  readonly stopped_since: number | null;
  readonly last_error: string | null;
}

export const HEALTH_COLUMNS = "failures, paused_until, held_since, stopped_since, last_error";

export function toHealth(row: DestinationHealthRow): DestinationHealth {
  return {
    failuresInRow: row.failures,
    pausedUntil: row.paused_until,
    heldSince: row.held_since,
    stoppedSince: row.stopped_since,
    lastError: row.last_error,
  };
}
