import type { Clock } from "../../ports/clock.ts";
import type { ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Backstop } from "../bus/backstop.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import { LEASE_MS } from "../upkeep/lease.ts";
import type { Destinations } from "./destinations.ts";
import type { InFlight, Room } from "./in-flight.ts";

const DESTINATIONS_PER_CLAIM = 64;
/** The longest sleep, in ms, in case a wake-up was missed. */
const ALONE_MS = 5_000;
/** Until the next look, while the other daemons do not hear this one. */
const UNHEARD_MS = 500;

/** Looks for deliveries that are due, and claims them. */
export interface Look {
  /** Returns how long to wait until the next look, as a loop's tick. */
  readonly tick: () => Promise<number | null | (() => Promise<number>)>;
  /** There is more room than before. Wakes the loop if the last look found none. */
  onRoom(): void;
  /** An attempt has ended. Wakes the loop if the last look left out destinations that were blocked. */
  onAttemptEnd(): void;
}

export function createLook(options: {
  readonly store: Pick<Store, "claimDeliveries" | "dueDestinations" | "nextDestinationDue">;
  readonly destinations: Pick<Destinations, "blocked" | "shareRoom">;
  readonly clock: Clock;
  readonly owner: string;
  readonly inFlight: Pick<InFlight, "room" | "reserve">;
  /** The most bytes of one claim. The rest is left to what is handed over during it. */
  readonly maxBytes: number;
  readonly begin: (claimed: readonly ClaimedDelivery[]) => void;
  readonly wake: () => void;
  readonly backstop: Backstop;
  readonly beats: Pick<Beats, "isHeard">;
}): Look {
  const { store, destinations, inFlight, clock, owner } = options;
  let isFull = false;
  let isBlocked = false;

  function findRoom(): Room | null {
    const { deliveries, bytes } = inFlight.room(1);
    isFull = deliveries <= 0 || bytes <= 0;
    return isFull ? null : { deliveries, bytes: Math.min(bytes, options.maxBytes) };
  }

  async function tick(): Promise<number | null | (() => Promise<number>)> {
    // It would have to give back what it claims.
    if (!options.beats.isHeard()) return UNHEARD_MS;
    if (findRoom() === null) return null;
    const now = clock.now();
    const at = clock.monotonic();
    const due = await store.dueDestinations({
      now,
      limit: DESTINATIONS_PER_CLAIM,
      except: destinations.blocked(),
    });
    // Again: what was handed over during the read has taken room.
    const room = findRoom();
    if (room === null) return null;
    const shares = destinations.shareRoom(due, { room: room.deliveries, now: at });
    // Due destinations that got no share are blocked from now on, and the next read leaves them out.
    if (shares.length === 0) return due.length === 0 ? waitMs : 0;
    const leaseUntil = now + LEASE_MS;
    await claim({ owner, destinations: shares, now, leaseUntil, maxBytes: room.bytes });
    return waitMs;
  }

  async function claim(request: Parameters<Store["claimDeliveries"]>[0]): Promise<void> {
    const deliveries = request.destinations.reduce((sum, { limit }) => sum + limit, 0);
    const leave = inFlight.reserve({ deliveries, bytes: request.maxBytes });
    try {
      options.begin(await store.claimDeliveries(request));
    } finally {
      leave();
    }
  }

  /** How long until a destination can send. */
  async function waitMs(): Promise<number> {
    const blocked = destinations.blocked();
    isBlocked = blocked.length > 0;
    const dueAt = await store.nextDestinationDue({ except: blocked });
    const latestMs = options.backstop(ALONE_MS);
    return dueAt === null ? latestMs : Math.max(0, Math.min(latestMs, dueAt - clock.now()));
  }

  return {
    tick,
    onRoom() {
      if (isFull) options.wake();
    },
    onAttemptEnd() {
      if (isBlocked) options.wake();
    },
  };
}
