import type { Bus } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import { createJobSignals, type JobSignals } from "../jobs/job-signals.ts";
import { createLiveFeed, type LiveFeed } from "../live/live-feed.ts";
import { createBackstop, type Backstop } from "./backstop.ts";
import { createMessages, type Messages } from "./messages.ts";
import { createPeers, type Peers } from "./peers.ts";

/** What the engine tells and hears. */
export interface ConnectedBus {
  readonly messages: Messages;
  readonly peers: Peers;
  readonly signals: JobSignals;
  readonly feed: LiveFeed;
  readonly backstop: Backstop;
}

export function connectBus(deps: {
  bus: Bus;
  clock: Pick<Clock, "monotonic" | "sleep">;
  ids: Pick<Ids, "random">;
  /** Aborts when the daemon stops. */
  stopping: AbortSignal;
}): ConnectedBus {
  const { bus, clock, ids, stopping } = deps;
  const peers = createPeers({ bus, clock, signal: stopping });
  const messages = createMessages(bus, peers);
  const signals = createJobSignals({ messages, peers, clock });
  const feed = createLiveFeed({ messages, peers });

  messages.on("watch", (watch) => {
    peers.watched(watch);
    for (const id of watch.ids) {
      const progress = signals.ownProgress(id);
      if (progress === null) continue;
      peers.send({ kind: "job", id, signal: { kind: "step-progress", progress } });
    }
  });
  messages.on("missed", () => feed.missed());
  return { messages, peers, signals, feed, backstop: createBackstop(bus, ids) };
}
