/**
 * Decides what the other daemons are told. Most jobs interest nobody elsewhere, so a daemon says what it
 * wants to hear (`watch`), and is told no more.
 */
import type { Bus, BusMessage, MessageOf } from "../../ports/bus.ts";
import type { Clock } from "../../ports/clock.ts";

/** How long a `watch` holds. Its sender repeats it every WATCH_AGAIN_MS, so that two can be lost. */
export const WATCH_MS = 15_000;
export const WATCH_AGAIN_MS = 5_000;
/** The least time between two messages about the progress of one step. */
const PROGRESS_EVERY_MS = 500;
/** Ids in one message. */
const MAX_IDS = 100;
/** The ids that the others can watch. Beyond it the oldest is forgotten, and its watcher polls. */
const MAX_WATCHED = 10_000;
/** The longest text of a plugin in a message, in UTF-16 units. */
const MAX_TEXT = 500;

export interface Peers {
  /** Sends a message to the other daemons, if they want it. */
  send(message: BusMessage): void;
  /** Asks the others about a job or batch. Calls of one turn of the event loop are sent together. */
  watch(id: string): void;
  watchEverything(): void;
  /** Another daemon has sent a `watch`. */
  watched(watch: MessageOf<"watch">): void;
  /** Forgets what is no longer watched. */
  tidy(): void;
}

export function createPeers(deps: {
  bus: Pick<Bus, "state" | "send">;
  clock: Pick<Clock, "monotonic" | "sleep">;
  signal: AbortSignal;
}): Peers {
  const { bus, clock, signal } = deps;
  /** Until when the others want to hear about an id. */
  const watched = new Map<string, number>();
  let everythingUntil = Number.NEGATIVE_INFINITY;
  /** The newest progress of each job, which waits to be sent. */
  const progress = new Map<string, MessageOf<"job">>();
  let isSendingProgress = false;
  const asked = new Set<string>();
  let isAskingEverything = false;
  let isAsking = false;

  function isWanted(id: string): boolean {
    if (watched.size === 0 && everythingUntil === Number.NEGATIVE_INFINITY) return false;
    const now = clock.monotonic();
    return everythingUntil > now || (watched.get(id) ?? now) > now;
  }

  async function sendProgress(): Promise<void> {
    isSendingProgress = true;
    while (progress.size > 0 && !signal.aborted) {
      for (const message of progress.values()) bus.send(message);
      progress.clear();
      await clock.sleep(PROGRESS_EVERY_MS, { signal });
    }
    isSendingProgress = false;
  }

  function sendAboutJob(message: MessageOf<"job">): void {
    if (!isWanted(message.id)) return;
    if (message.signal.kind !== "step-progress") {
      // What it says about the step is no longer true after this message.
      if (message.signal.kind === "changed") progress.delete(message.id);
      bus.send(withShortTexts(message));
      return;
    }
    progress.set(message.id, withShortTexts(message));
    if (!isSendingProgress) void sendProgress();
  }

  function ask(): void {
    if (bus.state() === "alone" || isAsking) return;
    isAsking = true;
    queueMicrotask(() => {
      isAsking = false;
      const ids = [...asked];
      const everything = isAskingEverything;
      asked.clear();
      isAskingEverything = false;
      for (let from = 0; from === 0 || from < ids.length; from += MAX_IDS) {
        bus.send({ kind: "watch", ids: ids.slice(from, from + MAX_IDS), everything });
      }
    });
  }

  return {
    send(message) {
      if (bus.state() === "alone") return;
      if (message.kind === "job") return sendAboutJob(message);
      if (message.kind === "delivery" && everythingUntil <= clock.monotonic()) return;
      bus.send(message);
    },
    watch(id) {
      if (bus.state() === "alone") return;
      asked.add(id);
      ask();
    },
    watchEverything() {
      isAskingEverything = true;
      ask();
    },
    watched({ ids, everything }) {
      const until = clock.monotonic() + WATCH_MS;
      if (everything) everythingUntil = until;
      for (const id of ids) {
        watched.delete(id);
        watched.set(id, until);
      }
      for (const oldest of watched.keys()) {
        if (watched.size <= MAX_WATCHED) break;
        watched.delete(oldest);
      }
    },
    tidy() {
      const now = clock.monotonic();
      for (const [id, until] of watched) if (until <= now) watched.delete(id);
    },
  };
}

function withShortTexts(message: MessageOf<"job">): MessageOf<"job"> {
  const { signal } = message;
  if (signal.kind === "step-progress") {
    const { progress } = signal;
    const text = progress.message?.slice(0, MAX_TEXT) ?? null;
    return { ...message, signal: { ...signal, progress: { ...progress, message: text } } };
  }
  if (signal.kind !== "changed" || signal.failure === undefined) return message;
  const { code, message: text } = signal.failure;
  return { ...message, signal: { ...signal, failure: { code, message: text.slice(0, MAX_TEXT) } } };
}
