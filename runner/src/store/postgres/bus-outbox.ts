import type { BusMessage } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { toPayloads } from "./bus-payloads.ts";
import type { BusSession } from "./bus-session.ts";

const BETWEEN_SENDS_MS = 10;
/** Messages that wait to be sent. With more, the others look at everything. */
const MAX_PENDING = 1_000;

const MISSED: BusMessage = { kind: "missed" };

type OutboxSession = Pick<BusSession, "notify" | "close" | "lost">;

/** Sends messages, those of 10 ms together. */
export interface BusOutbox {
  /** Never throws. Without a session, the message waits for one. */
  send(message: BusMessage): void;
  /** Sends by this session from now on; null if there is none. */
  use(session: OutboxSession | null): void;
  /** Resolves when nothing more can be sent. */
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
  let current: OutboxSession | null = null;
  let pending: BusMessage[] = [];
  let sending: Promise<void> | null = null;

  async function sendPending(): Promise<void> {
    while (pending.length > 0 && current !== null) {
      const session = current;
      const messages = pending;
      pending = [];
      try {
        await session.notify(toPayloads(sender, messages));
        await clock.sleep(BETWEEN_SENDS_MS, { signal: session.lost });
      } catch (error) {
        log.warn({ err: error }, "bus.not-sent");
        // They may have been sent. Then the others get them twice.
        pending = limited([...messages, ...pending]);
        if (current === session) current = null;
        await session.close();
      }
    }
    sending = null;
  }

  function start(): void {
    if (pending.length > 0 && current !== null) sending ??= sendPending();
  }

  return {
    send(message) {
      pending.push(message);
      pending = limited(pending);
      start();
    },
    use(session) {
      current = session;
      start();
    },
    drain: async () => void (await sending),
  };
}

function limited(messages: BusMessage[]): BusMessage[] {
  return messages.length > MAX_PENDING ? [MISSED] : messages;
}
