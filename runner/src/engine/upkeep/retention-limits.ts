import type { JobStatus } from "../../domain/job-spec.ts";
import { hasEnded } from "../../domain/job.ts";
import type { EngineSettings } from "../engine-deps.ts";
import type { Store } from "../../ports/store/store.ts";

export type RetentionSettings = Pick<
  EngineSettings,
  "retentionMs" | "failedRetentionMs" | "maxEndedJobs" | "maxStoredBytes"
>;

/** Jobs that ended before these instants are too old. */
export interface Ages {
  readonly endedBefore: number;
  readonly failedBefore: number;
}

export interface RetentionLimits {
  /** How many ended jobs must go whatever their age, at most `limit`. */
  excess(limit: number): Promise<number>;
  /** Moves the cut behind the next `count` jobs. False if no job has ended behind it. */
  cutOff(count: number): Promise<boolean>;
  /** By the age of jobs or, `withCut`, by the cut if it is later. */
  ages(now: number, options: { withCut: boolean }): Ages;
}

/**
 * The limits of number and size become an instant, the cut: jobs that ended before it must go. It moves on
 * by as many jobs as are too many, so that the oldest go first, and past those that cannot be deleted yet.
 */
export function createRetentionLimits(
  store: Pick<Store, "counts" | "size" | "lastEndOf">,
  { retentionMs, failedRetentionMs, maxEndedJobs, maxStoredBytes }: RetentionSettings,
): RetentionLimits {
  let cut = 0;
  return {
    async excess(limit) {
      // How many bytes a job takes is not known, so that the size is looked at again after each slice.
      if (maxStoredBytes < Infinity && (await storedBytes(store)) > maxStoredBytes) return limit;
      if (maxEndedJobs === Infinity) return 0;
      return Math.min(limit, Math.max(0, (await endedJobs(store)) - maxEndedJobs));
    },
    async cutOff(count) {
      const endedAt = await store.lastEndOf({ from: cut, count });
      if (endedAt !== null) cut = endedAt + 1;
      return endedAt !== null;
    },
    ages(now, { withCut }) {
      const least = withCut ? cut : -Infinity;
      return {
        endedBefore: Math.max(least, Math.floor(now - retentionMs)),
        failedBefore: Math.max(least, Math.floor(now - failedRetentionMs)),
      };
    },
  };
}

async function storedBytes(store: Pick<Store, "size">): Promise<number> {
  const { bytes, freeBytes } = await store.size();
  return bytes - freeBytes;
}

async function endedJobs(store: Pick<Store, "counts">): Promise<number> {
  const { jobs } = await store.counts();
  const ended = Object.entries(jobs).filter(([status]) => hasEnded(status as JobStatus));
  return ended.reduce((sum, [, count]) => sum + count, 0);
}
