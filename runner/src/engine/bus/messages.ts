import type { Bus, BusMessage, MessageOf } from "../../ports/bus.ts";
import type { Peers } from "./peers.ts";

type Listener = (message: BusMessage, isOwn: boolean) => void;

/** Everything that a part of the engine tells the other parts, here and in the other daemons. */
export interface Messages {
  /** Calls the listeners of this process before it returns, then tells the other daemons. */
  publish(message: BusMessage): void;
  /**
   * Calls the listener with each message of this kind. `isOwn` is true for those of this process.
   * Returns a function that removes the listener.
   */
  on<Kind extends BusMessage["kind"]>(
    kind: Kind,
    listener: (message: MessageOf<Kind>, isOwn: boolean) => void,
  ): () => void;
  /** Hears nothing more from the other daemons. */
  close(): void;
}

export function createMessages(bus: Pick<Bus, "listen">, peers: Pick<Peers, "send">): Messages {
  const listeners = new Map<BusMessage["kind"], Set<Listener>>();

  function tell(message: BusMessage, isOwn: boolean): void {
    for (const listener of listeners.get(message.kind) ?? []) listener(message, isOwn);
  }

  const stopListening = bus.listen((message) => tell(message, false));
  return {
    publish(message) {
      tell(message, true);
      peers.send(message);
    },
    on(kind, listener) {
      const set = listeners.get(kind) ?? new Set();
      listeners.set(kind, set.add(listener as Listener));
      return () => void set.delete(listener as Listener);
    },
    close: stopListening,
  };
}
