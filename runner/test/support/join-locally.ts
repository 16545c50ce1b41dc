import type { Bus, BusMessage } from "../../src/ports/bus.ts";

type Listener = (message: BusMessage) => void;

/** Returns the bus of each of several daemons in this process. */
export function joinLocally(count: number): readonly Bus[] {
  const members = Array.from({ length: count }, () => new Set<Listener>());
  return members.map((own) => ({
    state: () => "up",
    send(message) {
      // Not before the sender has gone on, as with a bus between processes.
      queueMicrotask(() => {
        for (const member of members) {
          if (member === own) continue;
          for (const listener of member) listener(message);
        }
      });
    },
    listen(listener) {
      own.add(listener);
      return () => void own.delete(listener);
    },
  }));
}
