/** Gathers the changes of jobs and deliveries, so that one that changes often is sent a few times a second. */
import type { LiveChange } from "../../engine/engine.ts";
import type { LiveDelivery, LiveJob } from "../contract/live.ts";
import { deliveryRow, jobRow } from "../views/live.ts";

/** After a quiet time, the first change waits this long for others. */
const FIRST_WAIT_MS = 20;
/** The least time between two messages about one job. */
const INTERVAL_MS = 250;
const ROWS_PER_MESSAGE = 50;
/** More rows than can change in an interval. They would fill the memory of a client. */
const MAX_ROWS = 10_000;

export interface Changes {
  add(change: LiveChange): void;
  /** Forgets what was gathered. */
  clear(): void;
}

export function createChanges(options: {
  readonly now: () => number;
  readonly send: (event: "jobs" | "deliveries", rows: readonly object[]) => void;
  /** There were too many changes, or some were missed. What was gathered is dropped. */
  readonly onOverflow: () => void;
}): Changes {
  const jobs = new Map<string, LiveJob>();
  const deliveries = new Map<string, LiveDelivery>();
  let timer: NodeJS.Timeout | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;

  function clear(): void {
    clearTimeout(timer);
    timer = undefined;
    jobs.clear();
    deliveries.clear();
  }

  function send(): void {
    sentAt = options.now();
    const [jobRows, deliveryRows] = [[...jobs.values()], [...deliveries.values()]];
    clear();
    for (let from = 0; from < jobRows.length; from += ROWS_PER_MESSAGE) {
      options.send("jobs", jobRows.slice(from, from + ROWS_PER_MESSAGE));
    }
    for (let from = 0; from < deliveryRows.length; from += ROWS_PER_MESSAGE) {
      options.send("deliveries", deliveryRows.slice(from, from + ROWS_PER_MESSAGE));
    }
  }

  return {
    add(change) {
      if (change.kind === "missed") {
        clear();
        options.onOverflow();
        return;
      }
      if (change.kind === "job") {
        const { jobId } = change;
        jobs.set(jobId, { ...jobs.get(jobId), ...jobRow(jobId, change.change) });
      } else {
        const { delivery } = change;
        deliveries.set(delivery.deliveryId, deliveryRow(delivery));
      }
      if (jobs.size + deliveries.size > MAX_ROWS) {
        clear();
        options.onOverflow();
        return;
      }
      const waitMs = Math.max(FIRST_WAIT_MS, sentAt + INTERVAL_MS - options.now());
      timer ??= setTimeout(send, waitMs).unref();
    },
    clear,
  };
}
