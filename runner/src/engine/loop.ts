import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

export interface Loop {
  /** Has the turn run again soon; calls made during a turn lead to one more turn. */
  wake(): void;
  /** Resolves when the turn under way has ended. */
  stop(): Promise<void>;
}

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/**
 * Runs `turn` again and again: when woken, and when the wait it returned (ms) is over. Null waits
 * for a wake alone. A turn that fails is logged and tried again, later each time.
 */
export function createLoop(options: {
  name: string;
  turn: () => Promise<number | null>;
  clock: Clock;
  log: Log;
}): Loop {
  const { name, turn, clock, log } = options;
  const stopping = new AbortController();
  let woken = new AbortController();

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      woken = new AbortController();
      let waitMs: number | null;
      try {
        waitMs = await turn();
        failures = 0;
      } catch (error) {
        waitMs = Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS);
        failures += 1;
        log.error({ loop: name, err: error, retryInMs: waitMs }, "loop.failed");
      }
      if (!woken.signal.aborted) await clock.sleep(waitMs, { signal: woken.signal });
    }
  }

  const ended = run();
  return {
    wake: () => woken.abort(),
    async stop() {
      stopping.abort();
      woken.abort();
      await ended;
    },
  };
}
