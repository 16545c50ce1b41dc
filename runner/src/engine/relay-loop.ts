import type { LaneOutcome } from "../domain/lane.ts";
import { MAX_TIMEOUT_MS } from "../domain/webhook.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ClaimedDelivery, DeliveryWrites, StoreReads } from "../ports/store.ts";
import { deliver, type DeliverDeps } from "./deliver.ts";
import { createLanes } from "./lanes.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Longer than any attempt may take: a delivery in flight is never claimed a second time. */
const LEASE_MS = MAX_TIMEOUT_MS + 60_000;
/** Lanes that get a turn in one claim. */
const LANES_A_TURN = 64;
const BACKSTOP_MS = 5_000;
/** While a hold is on its way to the store, its lane still looks due. */
const BETWEEN_TURNS_MS = 5;

export interface Relay {
  readonly loop: Loop;
  /** Waits for the attempts in flight, then aborts what is left; that counts no attempt. */
  drain(options: { graceMs: number }): Promise<void>;
  state(): RelayState;
}

export interface RelayState {
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** Lanes whose circuit is open. */
  readonly openLanes: number;
}

export interface RelayOptions {
  readonly store: Pick<DeliveryWrites, "claimDeliveries" | "holdLane"> &
    Pick<StoreReads, "dueLanes" | "nextLaneDue">;
  readonly deliverDeps: DeliverDeps;
  readonly clock: Clock;
  readonly log: Log;
  readonly owner: string;
  readonly maxInFlight: number;
  readonly maxBytesInFlight: number;
  /** Attempts that one lane may have in flight. */
  readonly maxWindow: number;
}

/** Sends what is due, lane by lane in fair turns. Wake it when an event was stored. */
export function createRelay(options: RelayOptions): Relay {
  const { store, clock, log, owner } = options;
  const lanes = createLanes({ maxWindow: options.maxWindow });
  const inFlight = new Set<Promise<void>>();
  const stopping = new AbortController();
  let bytesInFlight = 0;

  async function send(delivery: ClaimedDelivery): Promise<void> {
    let outcome: LaneOutcome = { kind: "neutral" };
    bytesInFlight += delivery.body.length;
    try {
      outcome = await deliver(delivery, options.deliverDeps, stopping.signal);
    } catch (error) {
      // Its lease runs out and it is made again: at least once. Not at once, or an endpoint would be
      // flooded while the store cannot write.
      log.error({ deliveryId: delivery.id, err: error }, "delivery.write-failed");
    } finally {
      bytesInFlight -= delivery.body.length;
      settle(delivery.lane, outcome);
    }
  }

  function settle(lane: number, outcome: LaneOutcome): void {
    const until = lanes.ended(lane, outcome, clock.now());
    if (until === 0) return;
    void store.holdLane({ lane, until }).catch((error: unknown) => {
      log.error({ lane, err: error }, "lane.hold-failed");
    });
  }

  function begin(delivery: ClaimedDelivery): void {
    const attempt = send(delivery).finally(() => {
      inFlight.delete(attempt);
      loop.wake();
    });
    inFlight.add(attempt);
  }

  async function turn(): Promise<number | null | (() => Promise<number>)> {
    const room = options.maxInFlight - inFlight.size;
    const maxBytes = options.maxBytesInFlight - bytesInFlight;
    if (room <= 0 || maxBytes <= 0) return null;
    const now = clock.now();
    const due = await store.dueLanes({ now, limit: LANES_A_TURN, except: lanes.full(now) });
    const shares = lanes.share(due, { room, now });
    if (shares.length === 0) return due.length === 0 ? untilNext : BETWEEN_TURNS_MS;
    const leaseUntil = now + LEASE_MS;
    const claimed = await store.claimDeliveries({
      owner,
      lanes: shares,
      now,
      leaseUntil,
      maxBytes,
    });
    for (const { id } of shares) {
      const attempts = claimed.filter((delivery) => delivery.lane === id).length;
      lanes.begun(id, attempts, now);
    }
    for (const delivery of claimed) begin(delivery);
    return untilNext;
  }

  async function untilNext(): Promise<number> {
    const now = clock.now();
    const laneAt = await store.nextLaneDue({ except: lanes.full(now) });
    const instants = [laneAt, lanes.nextAllowanceAt(now)].filter((at) => at !== null);
    return Math.max(0, Math.min(BACKSTOP_MS, ...instants.map((at) => at - now)));
  }

  const loop = createLoop({ name: "relay", turn, clock, log });

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    const done = new AbortController();
    await Promise.race([Promise.all(inFlight), clock.sleep(graceMs, { signal: done.signal })]);
    done.abort();
    stopping.abort();
    await Promise.all(inFlight);
  }

  return {
    loop,
    drain,
    state: () => ({ inFlight: inFlight.size, bytesInFlight, openLanes: lanes.open() }),
  };
}
