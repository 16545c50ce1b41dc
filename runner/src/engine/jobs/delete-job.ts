import { Refused } from "../../domain/errors.ts";
import type { Store } from "../../ports/store/store.ts";

/**
 * Deletes a job that has ended. Throws `Refused`: JOB_NOT_FOUND, JOB_NOT_ENDED, JOB_IN_BATCH,
 * JOB_NOT_DELIVERED.
 */
export async function deleteJob(jobId: string, store: Pick<Store, "deleteJob">): Promise<void> {
  const outcome = await store.deleteJob(jobId);
  switch (outcome) {
    case "deleted":
      return;
    case "unknown":
      throw new Refused("JOB_NOT_FOUND", `There is no job "${jobId}".`);
    case "not-ended":
      throw new Refused("JOB_NOT_ENDED", `Job "${jobId}" has not ended: cancel it first.`);
    case "in-batch":
      throw new Refused(
        "JOB_IN_BATCH",
        `Job "${jobId}" belongs to a batch, and is deleted with it after the retention period.`,
      );
    case "undelivered":
      throw new Refused(
        "JOB_NOT_DELIVERED",
        `Job "${jobId}" has an event that is not delivered yet. Delete it when all of its events are delivered or given up.`,
      );
  }
}
