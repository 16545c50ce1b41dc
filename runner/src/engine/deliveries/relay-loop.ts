import type { RelayState } from "../../ports/telemetry.ts";
import type { DestinationOutcome } from "../../domain/destination.ts";
import { MAX_TIMEOUT_MS } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { keepAttempt, makeAttempt, type DeliverDeps } from "./deliver.ts";
import { createDestinations } from "./destinations.ts";
import { createLoop, type Loop } from "../loop.ts";

/** Longer than an attempt takes, but for its wait for a connection: what is claimed again meanwhile is given back. */
const LEASE_MS = MAX_TIMEOUT_MS + 60_000;
/** Destinations that get a turn in one claim. */
const DESTINATIONS_A_TURN = 64;
const BACKSTOP_MS = 5_000;

export interface Relay {
  readonly loop: Loop;
  /** A person wants the destination's deliveries made now: ends the hold, which the store has ended before. */
  resume(destination: number): void;
  /** Waits for the attempts in flight, then aborts what is left; that counts no attempt. */
  drain(options: { graceMs: number }): Promise<void>;
  state(): RelayState;
}

export interface RelayOptions {
  readonly store: Pick<
    Store,
    | "claimDeliveries"
    | "pauseDestination"
    | "releaseDeliveries"
    | "dueDestinations"
    | "nextDestinationDue"
  >;
  readonly deliverDeps: DeliverDeps;
  readonly clock: Clock;
  readonly log: Log;
  readonly owner: string;
  readonly maxInFlight: number;
  readonly maxBytesInFlight: number;
  /** Attempts that one destination may have in flight. */
  readonly maxConcurrency: number;
}

/** Sends what is due, destination by destination in fair turns. Wake it when an event was stored. */
export function createRelay(options: RelayOptions): Relay {
  const { store, deliverDeps, clock, log, owner } = options;
  const destinations = createDestinations(options);
  const inFlight = new ShortLivedMap<string, Promise<void>>();
  const stopping = new AbortController();
  let bytesInFlight = 0;

  async function send(delivery: ClaimedDelivery): Promise<void> {
    bytesInFlight += delivery.bytes;
    try {
      const exchange = await makeAttempt(delivery, deliverDeps, {
        signal: stopping.signal,
        recall: destinations.recall(delivery.destination, clock.monotonic()),
      });
      // The endpoint is free for the next before this one is stored: a commit is no part of its work.
      settle(delivery.destination, exchange.destinationOutcome);
      loop.wake();
      await keepAttempt(delivery, exchange, deliverDeps);
    } catch (error) {
      // Trying the write again does not mend this. The lease runs out and the attempt is made again, at
      // least once; not at once, or it would flood the endpoint.
      log.error({ deliveryId: delivery.id, err: error }, "delivery.write-failed");
    } finally {
      bytesInFlight -= delivery.bytes;
      inFlight.delete(delivery.id);
      loop.wake();
    }
  }

  function settle(destination: number, outcome: DestinationOutcome): void {
    const pauseMs = destinations.ended(destination, outcome, clock.monotonic());
    if (pauseMs === 0) return;
    const until = Math.ceil(clock.now() + pauseMs);
    void store.pauseDestination({ destination, until }).catch((error: unknown) => {
      log.error({ destination, err: error }, "destination.pause-failed");
    });
  }

  /** Claimed while its attempt is under way, as when a clock set forward ended its lease: not made twice. */
  function giveBack({ id }: ClaimedDelivery, current: Promise<void>): void {
    void current
      .then(() => store.releaseDeliveries([id]))
      .catch((error: unknown) => {
        log.error({ deliveryId: id, err: error }, "delivery.release-failed");
      });
  }

  async function tick(): Promise<number | null | (() => Promise<number>)> {
    const room = options.maxInFlight - inFlight.size;
    const maxBytes = options.maxBytesInFlight - bytesInFlight;
    if (room <= 0 || maxBytes <= 0) return null;
    const now = clock.now();
    const at = clock.monotonic();
    const due = await store.dueDestinations({
      now,
      limit: DESTINATIONS_A_TURN,
      except: destinations.full(at),
    });
    const shares = destinations.share(due, { room, now: at });
    // Destinations that look due and may not send are full from now on: the next look leaves them out.
    if (shares.length === 0) return due.length === 0 ? untilNext : 0;
    const leaseUntil = now + LEASE_MS;
    const request = { owner, destinations: shares, now, leaseUntil, maxBytes };
    const claimed: ClaimedDelivery[] = [];
    const attempts = new Map<number, number>();
    for (const delivery of await store.claimDeliveries(request)) {
      const current = inFlight.get(delivery.id);
      if (current === undefined) {
        claimed.push(delivery);
        attempts.set(delivery.destination, (attempts.get(delivery.destination) ?? 0) + 1);
      } else giveBack(delivery, current);
    }
    for (const [destination, begun] of attempts) destinations.begun(destination, begun, at);
    for (const delivery of claimed) inFlight.set(delivery.id, send(delivery));
    return untilNext;
  }

  async function untilNext(): Promise<number> {
    const at = clock.monotonic();
    const destinationAt = await store.nextDestinationDue({ except: destinations.full(at) });
    const allowanceAt = destinations.nextAllowanceAt(at);
    return Math.max(
      0,
      Math.min(
        BACKSTOP_MS,
        destinationAt === null ? BACKSTOP_MS : destinationAt - clock.now(),
        allowanceAt === null ? BACKSTOP_MS : allowanceAt - at,
      ),
    );
  }

  const loop = createLoop({ name: "relay", tick, clock, log });

  function resume(destination: number): void {
    destinations.resume(destination, clock.monotonic());
    loop.wake();
  }

  async function drain({ graceMs }: { graceMs: number }): Promise<void> {
    const done = new AbortController();
    await Promise.race([
      Promise.all(inFlight.values()),
      clock.sleep(graceMs, { signal: done.signal }),
    ]);
    done.abort();
    stopping.abort();
    await Promise.all(inFlight.values());
  }

  return {
    loop,
    resume,
    drain,
    state: () => ({
      inFlight: inFlight.size,
      bytesInFlight,
      openDestinations: destinations.open(),
    }),
  };
}
