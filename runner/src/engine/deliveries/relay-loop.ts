import { isOpen } from "../../domain/destination.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { ClaimedDelivery, DeliveryClaim, Recorded } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";
import type { RelayState } from "../../ports/telemetry.ts";
import type { Backstop } from "../bus/backstop.ts";
import type { Messages } from "../bus/messages.ts";
import type { Beats } from "../upkeep/beat-loop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { claimOf, makeAttempt, recordAttempt, type DeliverDeps } from "./deliver.ts";
import { createDestinations, type Destinations } from "./destinations.ts";
import { createIntake, type Intake } from "./intake.ts";
import { createInFlight, type AttemptInFlight } from "./in-flight.ts";
import { createReleases } from "./releases.ts";
import { createLook } from "./look.ts";
import { reportVerdict } from "../webhooks/report-verdict.ts";
import { reportDestination } from "./report-destination.ts";

export interface Relay {
  readonly loop: Loop;
  readonly intake: Intake;
  /** The claims of the attempts in flight. */
  claims(): readonly DeliveryClaim[];
  /** Drops the outcomes of attempts whose claims are lost. Returns how many of them were in flight. */
  drop(lost: readonly DeliveryClaim[]): number;
  /** Another daemon has paused the destination: attempts that wait for a connection are not sent. */
  pause(destination: number, failuresInRow: number): void;
  /** Another daemon has reached the destination, whose circuit was open. */
  circuitClosed(destination: number): void;
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
  readonly messages: Pick<Messages, "publish">;
  readonly beats: Pick<Beats, "isHeard">;
  readonly backstop: Backstop;
}

/** Of the bytes that can be in flight. The rest is left to what is handed over during a claim. */
const PART_OF_ONE_CLAIM = 1 / 4;

/** Sends the deliveries that are due, round robin by destination. Wake it when an event was stored. */
export function createRelay(options: RelayOptions): Relay {
  const { deliverDeps, clock, log, owner } = options;
  const destinations = createDestinations(options);
  const inFlight = createInFlight({ ...options, onRoom: () => look.onRoom() });
  const effectDeps = { ...options, destinations };
  const stopping = new AbortController();
  let isDraining = false;
  const releases = createReleases({ ...options, onReleased: () => loop.wake() });
  const { release } = releases;
  const intake = createIntake({
    owner,
    clock,
    inFlight,
    destinations,
    isDraining: () => isDraining,
    begin(deliveries) {
      const at = clock.monotonic();
      begin(deliveries, (destination) => !isDraining && destinations.admit(destination, at));
    },
  });

  async function send(entry: AttemptInFlight): Promise<void> {
    const { delivery } = entry;
    try {
      const attempt = await makeAttempt(delivery, deliverDeps, {
        signal: stopping.signal,
        recall: destinations.pauseSignal(delivery.destination),
      });
      // Before the write: the endpoint can receive its next event while this attempt is committed.
      destinations.end(delivery.destination, attempt.destinationOutcome, clock.monotonic());
      look.onAttemptEnd();
      if (entry.isLost) return;
      entry.isRecording = true;
      const effects = await intake.during(
        (handOver) => recordAttempt({ delivery, attempt }, deliverDeps, handOver),
        (recorded) => (recorded === "lost" ? undefined : recorded?.handedOver),
      );
      applyEffects(delivery, effects, effectDeps);
      if (canHaveMadeDue(effects)) loop.wake();
    } catch (error) {
      // A repeated write would fail as well. The attempt is made again when the lease runs out. An
      // immediate second attempt could flood the endpoint.
      log.error({ deliveryId: delivery.id, err: error }, "delivery.write-failed");
    } finally {
      inFlight.end(delivery);
    }
  }

  /** Begins the attempts that `admit` allows, and releases the others. */
  function begin(
    claimed: readonly ClaimedDelivery[],
    admit: (destination: number) => boolean,
  ): void {
    const refused: DeliveryClaim[] = [];
    for (const delivery of claimed) {
      const current = inFlight.get(delivery.id);
      // Its lease had expired. Two attempts at the same time could arrive in the wrong order.
      if (current !== undefined) void current.ended.then(() => release([claimOf(delivery)]));
      else if (admit(delivery.destination)) inFlight.begin(delivery, send);
      else refused.push(claimOf(delivery));
    }
    if (refused.length > 0) release(refused);
  }

  const look = createLook({
    ...options,
    destinations,
    inFlight,
    maxBytes: options.maxBytesInFlight * PART_OF_ONE_CLAIM,
    begin: (claimed) =>
      begin(claimed, (destination) => {
        destinations.begin(destination);
        return true;
      }),
    wake: () => loop.wake(),
  });
  const loop = createLoop({ name: "relay", tick: look.tick, clock, log });

  return {
    loop,
    intake,
    claims: () => inFlight.claims(),
    drop: (lost) => inFlight.drop(lost),
    pause: (destination, failuresInRow) =>
      destinations.changed(destination, { failuresInRow, isPaused: true }),
    circuitClosed(destination) {
      destinations.changed(destination, { failuresInRow: 0, isPaused: false });
      loop.wake();
    },
    resume(destination) {
      destinations.resume(destination);
      loop.wake();
    },
    async drain({ graceMs }) {
      isDraining = true;
      await inFlight.settle(graceMs);
      stopping.abort();
      await inFlight.settle(null);
      await releases.settled();
    },
    state: () => ({
      inFlight: inFlight.size(),
      bytesInFlight: inFlight.bytes(),
      openDestinations: destinations.countOpen(),
    }),
  };
}

/** Tells this process and the log what an attempt has changed beyond its delivery. */
function applyEffects(
  { id: deliveryId, destination: id, target }: ClaimedDelivery,
  effects: Recorded,
  deps: Pick<RelayOptions, "clock" | "log" | "messages"> & {
    readonly destinations: Pick<Destinations, "changed">;
  },
): void {
  const { clock, log, messages } = deps;
  if (effects === null) return;
  if (effects === "lost") return log.warn({ deliveryId }, "delivery.claim-lost");
  if (effects.webhook !== null) {
    reportVerdict(target.webhookId, effects.webhook, log);
    messages.publish({ kind: "webhook-off" });
  }
  if (effects.destination === null) return;
  const { before, after } = effects.destination;
  const { failuresInRow, pausedUntil } = after;
  const isPaused = failuresInRow > 0 && clock.now() < pausedUntil;
  deps.destinations.changed(id, { failuresInRow, isPaused });
  if (isPaused) messages.publish({ kind: "paused", destination: id, failuresInRow });
  if (isOpen(before) && !isOpen(after))
    messages.publish({ kind: "circuit-closed", destination: id });
  reportDestination(effects.destination, log);
}

/** Whether recording an attempt can have made a delivery due that was not handed over. */
function canHaveMadeDue(effects: Recorded): boolean {
  if (effects === null || effects === "lost") return true;
  const { destination, webhook, handedOver } = effects;
  return destination !== null || webhook !== null || handedOver?.isMoreDue !== false;
}
