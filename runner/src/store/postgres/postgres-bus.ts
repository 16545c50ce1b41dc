/**
 * The bus of daemons that share a database, on LISTEN and NOTIFY. It has a session of its own:
 * - A commit that notifies holds a lock of the whole server until it is on disk. So messages are sent after
 *   the commits that they tell of, at most every 10 ms, and without waiting for the disk.
 * - A connection can be dead, or behind a pooler that passes no notifications on, and say nothing. So it
 *   is checked every few seconds. After a new connection, this daemon looks at everything.
 */
import { randomUUID } from "node:crypto";
import type { Bus, BusMessage } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import { createBusOutbox } from "./bus-outbox.ts";
import { parsePayload } from "./bus-payloads.ts";
import { openBusSession, type BusSession, type ServerTime } from "./bus-session.ts";
import type { SessionOptions } from "./session.ts";

const BETWEEN_CHECKS_MS = 5_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;
const BETWEEN_LOGS_MS = 60_000;

export interface PostgresBus extends Bus {
  /** Sends what waits to be sent, and closes the session. */
  close(): Promise<void>;
}

/** Rejects with `CannotOpen` like the store. `onTime` gets the server's time each time it is measured. */
export async function createPostgresBus({
  clock,
  log,
  onTime,
  ...where
}: Pick<SessionOptions, "url" | "schema"> & {
  readonly clock: Clock;
  readonly log: Log;
  readonly onTime: (time: ServerTime) => void;
}): Promise<PostgresBus> {
  const sender = randomUUID();
  const listeners = new Set<(message: BusMessage) => void>();
  const outbox = createBusOutbox({ sender, clock, log });
  const closing = new AbortController();
  const noteIgnored = createIgnoredLog(clock, log);
  let isUp = false;

  function tell(message: BusMessage): void {
    for (const listener of listeners) listener(message);
  }

  async function open(): Promise<BusSession> {
    const session = await openBusSession({
      ...where,
      clock,
      onNotification(payload) {
        const { sender: from, messages, ignored } = parsePayload(payload);
        if (ignored > 0) noteIgnored(ignored);
        if (from !== sender) for (const message of messages) tell(message);
      },
    });
    onTime(session.time);
    isUp = true;
    outbox.use(session);
    return session;
  }

  /** Resolves when the session is lost. */
  async function watch(session: BusSession): Promise<void> {
    const signal = AbortSignal.any([session.lost, closing.signal]);
    try {
      while (!signal.aborted) {
        await clock.sleep(BETWEEN_CHECKS_MS, { signal });
        if (!signal.aborted) onTime(await session.check());
      }
    } catch (error) {
      log.warn({ err: error }, "bus.check-failed");
    }
    isUp = false;
    outbox.use(null);
    await session.close();
  }

  /** Null if the bus was closed. */
  async function reopen(): Promise<BusSession | null> {
    let retryMs = FIRST_RETRY_MS;
    while (!closing.signal.aborted) {
      try {
        return await open();
      } catch (error) {
        log.debug({ err: error }, "bus.not-opened");
      }
      // Daemons that lost their sessions at the same instant must not come back at the same instants.
      await clock.sleep(retryMs * (0.5 + Math.random()), { signal: closing.signal });
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
    return null;
  }

  async function serve(first: BusSession): Promise<void> {
    let session: BusSession | null = first;
    while (session !== null) {
      await watch(session);
      if (closing.signal.aborted) return;
      log.warn({}, "bus.lost");
      session = await reopen();
      if (session === null) return;
      log.info({}, "bus.connected");
      tell({ kind: "missed" });
    }
  }

  const serving = serve(await open());
  return {
    state: () => (isUp ? "up" : "down"),
    send: (message) => outbox.send(message),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      await outbox.drain();
      closing.abort();
      await serving;
    },
  };
}

/** Logs at most once a minute: anybody can send anything, as often as they like. */
function createIgnoredLog(clock: Pick<Clock, "monotonic">, log: Log): (messages: number) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  let messages = 0;
  return (more) => {
    messages += more;
    if (clock.monotonic() - loggedAt < BETWEEN_LOGS_MS) return;
    log.warn({ messages }, "bus.ignored");
    loggedAt = clock.monotonic();
    messages = 0;
  };
}
