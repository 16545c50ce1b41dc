import type { Clock } from "../../ports/clock.ts";
import type { ClaimedDelivery, HandedOver, HandOver } from "../../ports/store/deliveries.ts";
import { LEASE_MS } from "../upkeep/lease.ts";
import type { Destinations } from "./destinations.ts";
import type { InFlight, Room } from "./in-flight.ts";

/** Takes the deliveries that a write makes due, so that they need not be looked for and claimed. */
export interface Intake {
  /** Makes a write with the room that there is now, and begins what it hands over. */
  during<Result>(
    write: (handOver?: HandOver) => Promise<Result>,
    handedOver: (result: Result) => HandedOver | undefined,
  ): Promise<Result>;
}

/** What a write can hand over. The rest is claimed: much of it is better divided among destinations. */
const MOST_AT_ONCE: Room = { deliveries: 4, bytes: 64 * 1024 };

/** Of all room. From here on, destinations take turns, so that a busy one leaves room for the others. */
const PART = 1 / 2;

export function createIntake(options: {
  readonly owner: string;
  readonly clock: Pick<Clock, "now">;
  readonly inFlight: Pick<InFlight, "room" | "reserve">;
  readonly destinations: Pick<Destinations, "full">;
  readonly isDraining: () => boolean;
  readonly begin: (deliveries: readonly ClaimedDelivery[]) => void;
}): Intake {
  const { owner, clock, inFlight, destinations, isDraining, begin } = options;

  function hasRoom(): boolean {
    const { deliveries, bytes } = inFlight.room(PART);
    return !isDraining() && deliveries >= MOST_AT_ONCE.deliveries && bytes >= MOST_AT_ONCE.bytes;
  }

  return {
    async during(write, handedOver) {
      if (!hasRoom()) return write();
      const now = clock.now();
      const { deliveries: limit, bytes: maxBytes } = MOST_AT_ONCE;
      const room = { limit, maxBytes, except: destinations.full() };
      const leave = inFlight.reserve(MOST_AT_ONCE);
      try {
        const result = await write({ owner, now, leaseUntil: now + LEASE_MS, ...room });
        begin(handedOver(result)?.deliveries ?? []);
        return result;
      } finally {
        leave();
      }
    },
  };
}
