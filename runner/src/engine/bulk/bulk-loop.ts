import { addOutcomes, type BulkCounts, type BulkOutcome } from "../../domain/bulk-act.ts";
import { Transient } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { BulkPosition, StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { actOnJob, type JobActs } from "./act-on-job.ts";

/** Jobs acted on between two looks at the store. Their changes share a transaction of a few ms. */
const SLICE_SIZE = 20;
/** Matching jobs counted in one slice. */
const COUNT_SIZE = 2_000;
const ALONE_MS = 5_000;

type Progress = BulkPosition & BulkCounts & { readonly isOver: boolean };

/**
 * Runs bulk acts, a slice of each in turn. Before a slice is acted on, the ids of its jobs are
 * stored, so that after a crash the same slice is acted on again and every job is counted once. Of two
 * daemons that act on the same slice, one stores its counts.
 */
export function createBulkLoop(deps: {
  store: Pick<Store, "runningBulkActs" | "saveBulkAct" | "jobIds">;
  acts: JobActs;
  clock: Clock;
  log: Log;
  backstop: Backstop;
}): Loop {
  const { store, acts, clock, log, backstop } = deps;

  async function countSlice(bulk: StoredBulkAct): Promise<Progress> {
    const page = await store.jobIds(bulk.filter ?? {}, { limit: COUNT_SIZE, cursor: bulk.cursor });
    const matched = bulk.matched + page.items.length;
    const isCounted = page.nextCursor === null;
    return {
      ...bulk,
      matched,
      phase: isCounted ? "acting" : "counting",
      cursor: page.nextCursor,
      isOver: isCounted && bulk.dryRun,
    };
  }

  async function actSlice(bulk: StoredBulkAct): Promise<Progress> {
    const outcomes: BulkOutcome[] = await Promise.all(
      bulk.pending
        .slice(0, SLICE_SIZE)
        .map((jobId) => actOnJob(jobId, { act: bulk.act, failedBy: bulk.createdAt }, acts)),
    );
    const counts = addOutcomes(bulk, outcomes);
    const rest = { ...bulk, ...counts, pending: bulk.pending.slice(SLICE_SIZE) };
    if (bulk.phase === "finishing") return { ...rest, isOver: rest.pending.length === 0 };
    const page = await store.jobIds(bulk.filter ?? {}, { limit: SLICE_SIZE, cursor: bulk.cursor });
    const known = counts.done + counts.skipped + counts.failed + page.items.length;
    return {
      ...rest,
      // Jobs can have come to match since they were counted.
      matched: Math.max(counts.matched, known),
      pending: page.items,
      cursor: page.nextCursor,
      phase: page.nextCursor === null ? "finishing" : "acting",
      isOver: page.nextCursor === null && page.items.length === 0,
    };
  }

  async function step(bulk: StoredBulkAct): Promise<void> {
    const { isOver, ...progress } = await nextOf(bulk);
    const state = await store.saveBulkAct(bulk, {
      ...progress,
      state: isOver ? "done" : "running",
      endedAt: isOver ? clock.now() : null,
    });
    if (state !== "done") return;
    const { matched, done, skipped, failed } = progress;
    log.info(
      { bulkId: bulk.id, act: bulk.act, token: bulk.by, matched, done, skipped, failed },
      "bulk.ended",
    );
  }

  function nextOf(bulk: StoredBulkAct): Promise<Progress> {
    if (bulk.phase === "counting") return countSlice(bulk);
    return bulk.dryRun ? Promise.resolve({ ...bulk, isOver: true }) : actSlice(bulk);
  }

  /** A bulk act that cannot go on ends, and stops no other. */
  async function stepOrFail(bulk: StoredBulkAct): Promise<void> {
    try {
      await step(bulk);
    } catch (error) {
      if (error instanceof Transient) throw error;
      log.error({ bulkId: bulk.id, err: error }, "bulk.failed");
      await store.saveBulkAct(bulk, { ...bulk, state: "failed", endedAt: clock.now() });
    }
  }

  async function tick(): Promise<number> {
    const running = await store.runningBulkActs();
    for (const bulk of running) await stepOrFail(bulk);
    return running.length > 0 ? 0 : backstop(ALONE_MS);
  }

  return createLoop({ name: "bulk", tick, clock, log });
}
