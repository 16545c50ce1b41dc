/**
 * Gathers what changes for every client of the live stream, once for all of them. It does nothing while
 * no client is connected.
 */
import type { LiveChange } from "../../engine/engine.ts";
import type { LiveStatus } from "../contract/live.ts";
import { createWakeSignal } from "../../system/wake-signal.ts";
import { HEARTBEAT, HEARTBEAT_MS, RECONNECT, toFrame, type OpenStream } from "../streams.ts";
import { createChanges } from "./changes.ts";
import { createMessageLog } from "./message-log.ts";

/** How long a client can be away and still continue. */
const LINGER_MS = 30_000;
const STATUS_EVERY_MS = 1_000;
/** What is kept for clients that read slowly or connect again, in UTF-16 units. */
const MAX_LENGTH = 2 * 1024 * 1024;
/** The longest text that a client gets at once. */
const MAX_TEXT = 64 * 1024;
/** Ids of different daemons and restarts differ: none sends a thousand messages a millisecond. */
const IDS_PER_MS = 1_000;

export interface LiveHub {
  /** Yields the stream's text. `lastEventId` is 0 for a new client. */
  stream(client: OpenStream, lastEventId: number): AsyncGenerator<string>;
  /** Stops the timers. */
  close(): void;
}

export function createLiveHub(deps: {
  readonly listenToAll: (listener: (change: LiveChange) => void) => () => void;
  readonly readStatus: () => Promise<LiveStatus>;
  readonly now: () => number;
}): LiveHub {
  const { now } = deps;
  const log = createMessageLog({
    firstId: now() * IDS_PER_MS,
    maxLength: MAX_LENGTH,
  });
  const clients = new Set<() => void>();
  const changes = createChanges({ now, send: append, onOverflow: () => append("reset", {}) });
  let stop: (() => void) | null = null;
  let stopTimer: NodeJS.Timeout | undefined;
  let statusText = "";

  function append(event: string, data: object): void {
    log.append(event, JSON.stringify(data));
    for (const wake of clients) wake();
  }

  async function checkStatus(): Promise<void> {
    const text = JSON.stringify(await deps.readStatus());
    if (text === statusText || stop === null) return;
    statusText = text;
    log.append("status", text);
    for (const wake of clients) wake();
  }

  function start(): void {
    clearTimeout(stopTimer);
    if (stop !== null) return;
    const stopListening = deps.listenToAll((change) => changes.add(change));
    // The store is closed after the streams: a read that fails then has nobody to report to.
    const timer = setInterval(() => void checkStatus().catch(() => {}), STATUS_EVERY_MS).unref();
    stop = () => {
      stopListening();
      clearInterval(timer);
      changes.clear();
      log.cut();
      stop = null;
    };
  }

  function leave(wake: () => void): void {
    clients.delete(wake);
    if (clients.size > 0) return;
    stopTimer = setTimeout(() => stop?.(), LINGER_MS).unref();
  }

  return {
    async *stream({ signal, isAllowed, hasRoomFor }, lastEventId) {
      const { wake, wait } = createWakeSignal();
      start();
      clients.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      try {
        yield RECONNECT;
        await checkStatus();
        let position = lastEventId;
        if (log.after(position, 0) === null) {
          position = log.newestId();
          if (signal.aborted || !isAllowed()) return;
          if (lastEventId !== 0) yield toFrame("reset", "{}", position);
          yield toFrame("status", statusText, position);
        }
        while (!signal.aborted && isAllowed()) {
          const next = log.after(position, MAX_TEXT);
          // The client reads too slowly. It connects again, and gets a reset.
          if (next === null || !hasRoomFor(next.text.length)) return;
          position = next.id;
          if (next.text !== "") yield next.text;
          else if (!(await wait(HEARTBEAT_MS)) && isAllowed()) yield HEARTBEAT;
        }
      } finally {
        signal.removeEventListener("abort", wake);
        leave(wake);
      }
    },
    close() {
      clearTimeout(stopTimer);
      stop?.();
    },
  };
}
