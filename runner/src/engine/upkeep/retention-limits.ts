import type { JobStatus } from "../../domain/job-spec.ts";
import { hasEnded } from "../../domain/job.ts";
import type { EngineSettings } from "../engine-deps.ts";
import type { Store } from "../../ports/store/store.ts";

export type RetentionSettings = Pick<
  EngineSettings,
  | "retentionMs"
  | "failedRetentionMs"
  | "payloadRetentionMs"
  | "failedPayloadRetentionMs"
  | "maxEndedJobs"
  | "maxStoredBytes"
>;

/** How many ended jobs must go whatever their age, at most `limit`. */
export async function excessOf(
  store: Pick<Store, "counts" | "size">,
  { maxEndedJobs, maxStoredBytes }: Pick<RetentionSettings, "maxEndedJobs" | "maxStoredBytes">,
  limit: number,
): Promise<number> {
  // How many bytes a job takes is not known, so that the size is looked at again after each slice.
  if (maxStoredBytes < Infinity && (await storedBytes(store)) > maxStoredBytes) return limit;
  if (maxEndedJobs === Infinity) return 0;
  return Math.min(limit, Math.max(0, (await endedJobs(store)) - maxEndedJobs));
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
