import { isOpen } from "../../domain/destination.ts";
import type { DestinationHealth, Hold } from "../../domain/hold.ts";
import type { Engine } from "../../engine/engine.ts";
import type { StoredDestination } from "../../ports/store/destinations.ts";
import type { Destination } from "../contract/destinations.ts";

export function destinationView(
  { id, key, isPersistent, ratePerSecond, health, backlog }: StoredDestination,
  holdOf: Engine["holdOf"],
): Destination {
  return {
    destinationId: id,
    webhookId: isPersistent ? key : null,
    origin: isPersistent ? null : key,
    ratePerSecond,
    circuit: isOpen(health) ? "open" : "closed",
    failuresInRow: health.failuresInRow,
    backlog,
    ...heldView(health, holdOf(health)),
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
