import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ClaimedDelivery, DeliveryWrites, StoreReads } from "../ports/store.ts";
import { ATTEMPT_TIMEOUT_MS, deliver, type DeliverDeps } from "./deliver.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Twice the attempt's deadline: a delivery in flight is never claimed a second time. */
const LEASE_MS = 2 * ATTEMPT_TIMEOUT_MS;
/** Claimed at once at most: bounds the bodies held in memory. */
const CLAIM_LIMIT = 64;
const BACKSTOP_MS = 5_000;

/** Sends what is due, up to `maxInFlight` at once. Wake it when an event was stored. */
export function createRelayLoop(deps: {
  store: Pick<DeliveryWrites, "claimDeliveries"> & Pick<StoreReads, "nextDue">;
  deliverDeps: DeliverDeps;
  clock: Clock;
  log: Log;
  owner: string;
  maxInFlight: number;
}): { loop: Loop; drain(options: { graceMs: number }): Promise<void> } {
  const { store, deliverDeps, clock, log, owner, maxInFlight } = deps;
  const inFlight = new Set<Promise<void>>();
  const stopping = new AbortController();

  function send(delivery: ClaimedDelivery): void {
    const attempt = deliver(delivery, deliverDeps, stopping.signal)
      // The lease runs out and the delivery is made again: at least once.
      .catch((error: unknown) =>
        log.error({ deliveryId: delivery.id, err: error }, "delivery.write-failed"),
      )
      .finally(() => {
        inFlight.delete(attempt);
        loop.wake();
      });
    inFlight.add(attempt);
  }

  async function untilNextDue(): Promise<number> {
    const { delivery: nextAt } = await store.nextDue();
    return nextAt === null ? BACKSTOP_MS : Math.min(BACKSTOP_MS, Math.max(0, nextAt - clock.now()));
  }

  async function turn(): Promise<number | null | (() => Promise<number>)> {
    const limit = Math.min(CLAIM_LIMIT, maxInFlight - inFlight.size);
    if (limit <= 0) return null;
    const now = clock.now();
    const due = await store.claimDeliveries({ owner, limit, now, leaseUntil: now + LEASE_MS });
    for (const delivery of due) send(delivery);
    return due.length === limit ? 0 : untilNextDue;
  }

  const loop = createLoop({ name: "relay", turn, clock, log });

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    const done = new AbortController();
    await Promise.race([Promise.all(inFlight), clock.sleep(graceMs, { signal: done.signal })]);
    done.abort();
    stopping.abort();
    await Promise.all(inFlight);
  }

  return { loop, drain };
}
