import { addOutcomes, type BulkCounts, type BulkOutcome } from "../../domain/bulk-act.ts";
import { Transient } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { BulkPosition, StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Backstop } from "../bus/backstop.ts";
import { createLoop, type Loop } from "../loop.ts";
import { LEASE_MS } from "../upkeep/lease.ts";
import { actOnJob, type JobActs } from "./act-on-job.ts";

/** Jobs acted on between two looks at the store. Their changes share a transaction of a few ms. */
const SLICE_SIZE = 20;
/** Matching jobs counted in one slice. */
const COUNT_SIZE = 2_000;
const ALONE_MS = 5_000;

type Progress = BulkPosition & BulkCounts & { readonly isOver: boolean };

/**
 * Runs the bulk acts that this daemon has claimed, a slice of each in turn. Before a slice is acted on,
 * the ids of its jobs are stored, so that after a crash the same slice is acted on again and every job is
 * counted once.
 */
export function createBulkLoop(deps: {
  store: Pick<Store, "runningBulkActs" | "claimBulkAct" | "saveBulkAct" | "jobIds">;
  acts: JobActs;
  clock: Clock;
  log: Log;
  backstop: Backstop;
  owner: string;
}): Loop {
  const { store, acts, clock, log, backstop, owner } = deps;
  const lease = () => ({ owner, leaseUntil: clock.now() + LEASE_MS });

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
    const state = await store.saveBulkAct(bulk.id, {
      ...progress,
      ...lease(),
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
      const failed = { ...bulk, ...lease(), state: "failed", endedAt: clock.now() } as const;
      await store.saveBulkAct(bulk.id, failed);
    }
  }

  /** Null if another daemon has it. */
  async function claimed(bulk: StoredBulkAct): Promise<StoredBulkAct | null> {
    if (bulk.owner === owner) return bulk;
    return bulk.owner === null ? store.claimBulkAct(bulk.id, lease()) : null;
  }

  async function tick(): Promise<number> {
    let own = 0;
    for (const running of await store.runningBulkActs()) {
      const bulk = await claimed(running);
      if (bulk === null) continue;
      own += 1;
      await stepOrFail(bulk);
    }
    return own > 0 ? 0 : backstop(ALONE_MS);
  }

  return createLoop({ name: "bulk", tick, clock, log });
}
