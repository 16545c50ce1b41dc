import type { BusMessage } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { toPayloads } from "./bus-payloads.ts";
import type { BusSession } from "./bus-session.ts";

const BETWEEN_SENDS_MS = 10;
/** Messages that wait to be sent. With more, the others look at everything. */
const MAX_PENDING = 1_000;

const MISSED: BusMessage = { kind: "missed" };

/** Sends messages, those of 10 ms together. */
export interface BusOutbox {
  /** Never throws. Without a session, the message is lost. */
  send(message: BusMessage): void;
  /** Sends by this session from now on; null if there is none. What was lost before is told as `missed`. */
  use(session: BusSession | null): void;
  /** Resolves when nothing waits to be sent. */
  drain(): Promise<void>;
}

export function createBusOutbox({
  sender,
  clock,
  log,
}: {
  readonly sender: string;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}): BusOutbox {
  let current: BusSession | null = null;
  let pending: BusMessage[] = [];
  let hasLost = false;
  let sending: Promise<void> | null = null;

  async function sendPending(): Promise<void> {
    while (pending.length > 0 && current !== null) {
      const session = current;
      const payloads = toPayloads(sender, pending);
      pending = [];
      await session.notify(payloads).catch(async (error: unknown) => {
        log.warn({ err: error }, "bus.not-sent");
        await session.close();
      });
      await clock.sleep(BETWEEN_SENDS_MS, { signal: session.lost });
    }
  }

  function send(message: BusMessage): void {
    if (current === null) {
      hasLost = true;
      return;
    }
    if (pending.length === MAX_PENDING) pending = [MISSED];
    pending.push(message);
    sending ??= sendPending().finally(() => (sending = null));
  }

  return {
    send,
    use(session) {
      current = session;
      if (session === null) {
        // What was sent last may not have arrived.
        hasLost = true;
        pending = [];
      } else if (hasLost) {
        hasLost = false;
        send(MISSED);
      }
    },
    drain: async () => void (await sending),
  };
}
