import { CANNOT_STORE, Transient } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Store } from "../../ports/store/store.ts";
import { createLoop, type Loop } from "../loop.ts";

const KEY = "write-check";
/**
 * A full disk still has room for small writes: in the database's own files, and in its last free
 * pages. In bytes.
 */
const CHECK_BYTES = 1024 * 1024;
const CHECK_EVERY_MS = 1_000;

export interface StoreHealth {
  /** The store calls it for each write that failed. */
  readonly onWriteFailed: (error: unknown) => void;
  /** Says why the store cannot write. Empty while it can. */
  whyNotWriting(): readonly string[];
  /** Watches until the loop is stopped. */
  watch(store: Pick<Store, "setMeta">): Loop;
}

/**
 * Knows whether the store can write. Nothing is checked until a write fails because of the disk. From
 * then on a trial is written and removed every second, until it succeeds.
 */
export function createStoreHealth({ clock, log }: { clock: Clock; log: Log }): StoreHealth {
  let why: string | null = null;
  let wake = (): void => {};

  return {
    onWriteFailed(error) {
      if (why !== null || !(error instanceof Transient)) return;
      why = CANNOT_STORE[error.code] ?? null;
      if (why === null) return;
      log.error({ err: error }, "store.cannot-write");
      wake();
    },
    whyNotWriting: () => (why === null ? [] : [why]),
    watch(store) {
      async function tick(): Promise<number | null> {
        if (why === null) return null;
        try {
          await store.setMeta(KEY, "x".repeat(CHECK_BYTES));
          await store.setMeta(KEY, "");
        } catch (error) {
          if (error instanceof Transient) return CHECK_EVERY_MS;
          throw error;
        }
        why = null;
        log.info({}, "store.can-write");
        return null;
      }
      const loop = createLoop({ name: "store-health", tick, clock, log });
      wake = () => loop.wake();
      return loop;
    },
  };
}
