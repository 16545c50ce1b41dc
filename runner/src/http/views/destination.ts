import { isOpen } from "../../domain/destination.ts";
import type { DestinationHealth, Hold } from "../../domain/hold.ts";
import type { DestinationHour } from "../../engine/stats/read-stats.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { Destination } from "../contract/destinations.ts";

export function destinationView(
  { id, key, isPersistent, ratePerSecond, health, backlog }: StoredDestination,
  { hold, hours = [] }: { hold: Hold | null; hours?: readonly DestinationHour[] | undefined },
): Destination {
  return {
    destinationId: id,
    webhookId: isPersistent ? key : null,
    origin: isPersistent ? null : key,
    ratePerSecond,
    circuit: isOpen(health) ? "open" : "closed",
    failuresInRow: health.failuresInRow,
    backlog,
    ...heldView(health, hold),
    perHour: hours.map(({ at, ...counts }) => ({ at: new Date(at).toISOString(), ...counts })),
  };
}

export function heldView({ lastError }: Pick<DestinationHealth, "lastError">, hold: Hold | null) {
  return {
    waitingFor:
      hold === null
        ? null
        : { kind: hold.kind, detail: hold.detail, since: new Date(hold.since).toISOString() },
    heldUntil: hold === null || hold.until === null ? null : new Date(hold.until).toISOString(),
    lastError,
  };
}
