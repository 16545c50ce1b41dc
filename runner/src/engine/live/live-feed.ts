import type { Messages } from "../bus/messages.ts";
import type { Peers } from "../bus/peers.ts";
import type { LiveChange } from "../engine.ts";

type Listener = (change: LiveChange) => void;

/** Tells listeners in this process about the changes of all jobs and deliveries, of all daemons. */
export interface LiveFeed {
  /** Returns a function that removes the listener. */
  listen(listener: Listener): () => void;
  hasListeners(): boolean;
  /** Changes can have been missed: whoever listens reads everything again. */
  missed(): void;
}

export function createLiveFeed(deps: {
  messages: Pick<Messages, "on">;
  peers: Pick<Peers, "watchEverything">;
}): LiveFeed {
  const { messages, peers } = deps;
  const listeners = new Set<Listener>();

  function tell(change: LiveChange): void {
    for (const listener of listeners) listener(change);
  }

  messages.on("job", ({ id: jobId, signal: change }) => {
    if (listeners.size === 0) return;
    if (change.kind !== "changed" && change.kind !== "step-progress") return;
    tell({ kind: "job", jobId, change });
  });
  messages.on("delivery", ({ delivery }) => {
    if (listeners.size > 0) tell({ kind: "delivery", delivery });
  });

  return {
    listen(listener) {
      listeners.add(listener);
      peers.watchEverything();
      return () => void listeners.delete(listener);
    },
    hasListeners: () => listeners.size > 0,
    missed: () => tell({ kind: "missed" }),
  };
}
