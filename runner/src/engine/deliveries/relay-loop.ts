import type { RelayState } from "../../ports/telemetry.ts";
import type { LaneOutcome } from "../../domain/destination.ts";
import { MAX_TIMEOUT_MS } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { keepAttempt, makeAttempt, type DeliverDeps } from "./deliver.ts";
import { createLanes } from "./destinations.ts";
import { createLoop, type Loop } from "../loop.ts";

/** Longer than an attempt takes, but for its wait for a connection: what is claimed again meanwhile is given back. */
const LEASE_MS = MAX_TIMEOUT_MS + 60_000;
/** Lanes that get a turn in one claim. */
const LANES_A_TURN = 64;
const BACKSTOP_MS = 5_000;

export interface Relay {
  readonly loop: Loop;
  /** A person wants the lane's deliveries made now: ends the hold, which the store has ended before. */
  letGo(lane: number): void;
  /** Waits for the attempts in flight, then aborts what is left; that counts no attempt. */
  drain(options: { graceMs: number }): Promise<void>;
  state(): RelayState;
}

export interface RelayOptions {
  readonly store: Pick<
    Store,
    "claimDeliveries" | "holdLane" | "releaseDeliveries" | "dueLanes" | "nextLaneDue"
  >;
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
  const { store, deliverDeps, clock, log, owner } = options;
  const lanes = createLanes(options);
  const inFlight = new ShortLivedMap<string, Promise<void>>();
  const stopping = new AbortController();
  let bytesInFlight = 0;

  async function send(delivery: ClaimedDelivery): Promise<void> {
    bytesInFlight += delivery.bytes;
    try {
      const exchange = await makeAttempt(delivery, deliverDeps, {
        signal: stopping.signal,
        recall: lanes.recall(delivery.lane, clock.monotonic()),
      });
      // The endpoint is free for the next before this one is stored: a commit is no part of its work.
      settle(delivery.lane, exchange.laneOutcome);
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

  function settle(lane: number, outcome: LaneOutcome): void {
    const holdMs = lanes.ended(lane, outcome, clock.monotonic());
    if (holdMs === 0) return;
    const until = Math.ceil(clock.now() + holdMs);
    void store.holdLane({ lane, until }).catch((error: unknown) => {
      log.error({ lane, err: error }, "lane.hold-failed");
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

  async function turn(): Promise<number | null | (() => Promise<number>)> {
    const room = options.maxInFlight - inFlight.size;
    const maxBytes = options.maxBytesInFlight - bytesInFlight;
    if (room <= 0 || maxBytes <= 0) return null;
    const now = clock.now();
    const at = clock.monotonic();
    const due = await store.dueLanes({ now, limit: LANES_A_TURN, except: lanes.full(at) });
    const shares = lanes.share(due, { room, now: at });
    // Lanes that look due and may not send are full from now on: the next look leaves them out.
    if (shares.length === 0) return due.length === 0 ? untilNext : 0;
    const leaseUntil = now + LEASE_MS;
    const request = { owner, lanes: shares, now, leaseUntil, maxBytes };
    const claimed: ClaimedDelivery[] = [];
    const attempts = new Map<number, number>();
    for (const delivery of await store.claimDeliveries(request)) {
      const current = inFlight.get(delivery.id);
      if (current === undefined) {
        claimed.push(delivery);
        attempts.set(delivery.lane, (attempts.get(delivery.lane) ?? 0) + 1);
      } else giveBack(delivery, current);
    }
    for (const [lane, begun] of attempts) lanes.begun(lane, begun, at);
    for (const delivery of claimed) inFlight.set(delivery.id, send(delivery));
    return untilNext;
  }

  async function untilNext(): Promise<number> {
    const at = clock.monotonic();
    const laneAt = await store.nextLaneDue({ except: lanes.full(at) });
    const allowanceAt = lanes.nextAllowanceAt(at);
    return Math.max(
      0,
      Math.min(
        BACKSTOP_MS,
        laneAt === null ? BACKSTOP_MS : laneAt - clock.now(),
        allowanceAt === null ? BACKSTOP_MS : allowanceAt - at,
      ),
    );
  }

  const loop = createLoop({ name: "relay", turn, clock, log });

  function letGo(lane: number): void {
    lanes.letGo(lane, clock.monotonic());
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
    letGo,
    drain,
    state: () => ({ inFlight: inFlight.size, bytesInFlight, openLanes: lanes.open() }),
  };
}
