import { connectBus, type ConnectedBus } from "../../src/engine/bus/connect-bus.ts";
import type { Bus } from "../../src/ports/bus.ts";
import type { LiveChange } from "../../src/engine/engine.ts";
import type { LiveFeed } from "../../src/engine/live/live-feed.ts";
import { createLocalBus } from "../../src/system/local-bus.ts";
import { createTestClock } from "./test-clock.ts";

export interface TestFeed extends LiveFeed {
  /** Publishes a change as a part of the engine does. */
  publish(change: LiveChange): void;
}

/** The real messages, of a daemon that is alone. */
export function connectAlone(): ConnectedBus {
  return connectTo(createLocalBus());
}

/** The real messages, on this bus. */
export function connectTo(bus: Bus): ConnectedBus {
  return connectBus({
    bus,
    clock: createTestClock(),
    ids: { random: () => 0.5 },
    stopping: new AbortController().signal,
  });
}

export function createTestFeed(): TestFeed {
  const { feed, messages } = connectAlone();
  return {
    ...feed,
    publish(change) {
      if (change.kind === "missed") feed.missed();
      else if (change.kind === "delivery") messages.publish(change);
      else messages.publish({ kind: "job", id: change.jobId, signal: change.change });
    },
  };
}
