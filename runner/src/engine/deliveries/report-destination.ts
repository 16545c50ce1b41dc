import { isOpen } from "../../domain/destination.ts";
import type { Log } from "../../ports/log.ts";
import type { DestinationChange } from "../../ports/store/deliveries.ts";

/** Logs that an attempt opened or closed the destination's circuit. */
export function reportDestination({ key, before, after }: DestinationChange, log: Log): void {
  const [wasOpen, nowOpen] = [isOpen(before), isOpen(after)];
  if (wasOpen === nowOpen) return;
  const { failuresInRow } = nowOpen ? after : before;
  const fields = { destination: key, failuresInRow };
  if (!nowOpen) {
    log.info(fields, "destination.circuit-closed");
    return;
  }
  const probeAt = new Date(after.pausedUntil).toISOString();
  log.warn({ ...fields, probeAt }, "destination.circuit-opened");
}
