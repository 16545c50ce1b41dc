import { MAX_TIMEOUT_MS } from "../../domain/webhook.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { AttemptEffects, ClaimedDelivery } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import type { RelayState } from "../../ports/telemetry.ts";
import { ShortLivedMap } from "../../system/short-lived-map.ts";
import { createLoop, type Loop } from "../loop.ts";
import { makeAttempt, recordAttempt, type DeliverDeps } from "./deliver.ts";
import { createDestinations } from "./destinations.ts";
import { reportVerdict } from "../webhooks/report-verdict.ts";
import { reportDestination } from "./report-destination.ts";

/**
 * Longer than an attempt can take once it has a connection. A delivery that is claimed again while its
 * attempt still runs is released.
 */
const LEASE_MS = MAX_TIMEOUT_MS + 60_000;
const DESTINATIONS_PER_CLAIM = 64;
const BACKSTOP_MS = 5_000;

export interface Relay {
  readonly loop: Loop;
  /** Ends the pause of a destination in this process. Call it after the store has ended its pause. */
  resume(destination: number): void;
  /** Waits for the attempts in flight, then aborts those that are left. Aborted ones do not count. */
  drain(options: { graceMs: number }): Promise<void>;
  state(): RelayState;
}

export interface RelayOptions {
  readonly store: Pick<
    Store,
    "claimDeliveries" | "releaseDeliveries" | "dueDestinations" | "nextDestinationDue"
  >;
  readonly deliverDeps: DeliverDeps;
  readonly clock: Clock;
  readonly log: Log;
  readonly owner: string;
  readonly maxInFlight: number;
  readonly maxBytesInFlight: number;
  /** Attempts that one destination can have in flight. */
  readonly maxConcurrency: number;
}

/** Sends the deliveries that are due, round robin by destination. Wake it when an event was stored. */
export function createRelay(options: RelayOptions): Relay {
  const { store, deliverDeps, clock, log, owner } = options;
  const destinations = createDestinations(options);
  const inFlight = new ShortLivedMap<string, Promise<void>>();
  const stopping = new AbortController();
  let bytesInFlight = 0;

  async function send(delivery: ClaimedDelivery): Promise<void> {
    bytesInFlight += delivery.bytes;
    try {
      const attempt = await makeAttempt(delivery, deliverDeps, {
        signal: stopping.signal,
        recall: destinations.pauseSignal(delivery.destination),
      });
      // Before the write: the endpoint can receive its next event while this attempt is committed.
      destinations.end(delivery.destination, attempt.destinationOutcome, clock.monotonic());
      loop.wake();
      applyEffects(delivery, await recordAttempt(delivery, attempt, deliverDeps));
    } catch (error) {
      // A repeated write would fail as well. The attempt is made again when the lease runs out. An
      // immediate second attempt could flood the endpoint.
      log.error({ deliveryId: delivery.id, err: error }, "delivery.write-failed");
    } finally {
      bytesInFlight -= delivery.bytes;
      inFlight.delete(delivery.id);
      loop.wake();
    }
  }

  function applyEffects(
    { destination: id, target }: ClaimedDelivery,
    effects: AttemptEffects | null,
  ): void {
    if (effects === null) return;
    if (effects.webhook !== null) reportVerdict(target.webhookId, effects.webhook, log);
    if (effects.destination === null) return;
    const { failuresInRow, pausedUntil } = effects.destination.after;
    const isPaused = failuresInRow > 0 && clock.now() < pausedUntil;
    destinations.changed(id, { failuresInRow, isPaused });
    reportDestination(effects.destination, log);
  }

  async function tick(): Promise<number | null | (() => Promise<number>)> {
    const room = options.maxInFlight - inFlight.size;
    const maxBytes = options.maxBytesInFlight - bytesInFlight;
    if (room <= 0 || maxBytes <= 0) return null;
    const now = clock.now();
    const at = clock.monotonic();
    const due = await store.dueDestinations({
      now,
      limit: DESTINATIONS_PER_CLAIM,
      except: destinations.blocked(),
    });
    const shares = destinations.shareRoom(due, { room, now: at });
    // Due destinations that got no share are blocked from now on, and the next read leaves them out.
    if (shares.length === 0) return due.length === 0 ? waitMs : 0;
    const leaseUntil = now + LEASE_MS;
    const request = { owner, destinations: shares, now, leaseUntil, maxBytes };
    begin(await store.claimDeliveries(request));
    return waitMs;
  }

  function begin(claimed: readonly ClaimedDelivery[]): void {
    const fresh: ClaimedDelivery[] = [];
    const attempts = new Map<number, number>();
    for (const delivery of claimed) {
      const current = inFlight.get(delivery.id);
      if (current === undefined) {
        fresh.push(delivery);
        attempts.set(delivery.destination, (attempts.get(delivery.destination) ?? 0) + 1);
      } else releaseAfter(current, delivery.id, options);
    }
    for (const [destination, begun] of attempts) destinations.begin(destination, begun);
    for (const delivery of fresh) inFlight.set(delivery.id, send(delivery));
  }

  /** How long until a destination can send. */
  async function waitMs(): Promise<number> {
    const dueAt = await store.nextDestinationDue({ except: destinations.blocked() });
    return dueAt === null ? BACKSTOP_MS : Math.max(0, Math.min(BACKSTOP_MS, dueAt - clock.now()));
  }

  const loop = createLoop({ name: "relay", tick, clock, log });

  return {
    loop,
    resume(destination) {
      destinations.resume(destination);
      loop.wake();
    },
    async drain({ graceMs }) {
      await settleWithin(inFlight, graceMs, clock);
      stopping.abort();
      await Promise.all(inFlight.values());
    },
    state: () => ({
      inFlight: inFlight.size,
      bytesInFlight,
      openDestinations: destinations.countOpen(),
    }),
  };
}

/**
 * Releases a delivery that was claimed although its attempt still runs, as after the system's clock
 * was set forward past the end of its lease. A second attempt would send the event twice.
 */
function releaseAfter(
  current: Promise<void>,
  id: string,
  { store, log }: Pick<RelayOptions, "store" | "log">,
): void {
  void current
    .then(() => store.releaseDeliveries([id]))
    .catch((error: unknown) => {
      log.error({ deliveryId: id, err: error }, "delivery.release-failed");
    });
}

async function settleWithin(
  inFlight: ShortLivedMap<string, Promise<void>>,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const done = new AbortController();
  await Promise.race([
    Promise.all(inFlight.values()),
    clock.sleep(graceMs, { signal: done.signal }),
  ]);
  done.abort();
}
