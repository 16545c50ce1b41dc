import { Refused } from "../../domain/errors.ts";
import type { Store } from "../../ports/store/store.ts";

/** Jobs of one schedule that are cancelled for one slot. */
const MAX_CANCELLED = 1_000;

/** Cancels the jobs of a schedule that have not ended, of slots before the instant. */
export async function cancelJobs(
  scheduleId: string,
  { before }: { before: number },
  deps: {
    readonly store: Pick<Store, "openScheduleJobs">;
    readonly acts: { readonly cancel: (jobId: string) => Promise<void> };
  },
): Promise<void> {
  const open = await deps.store.openScheduleJobs(scheduleId, { limit: MAX_CANCELLED });
  for (const { jobId, slot } of open) {
    if (slot >= before) continue;
    try {
      await deps.acts.cancel(jobId);
    } catch (error) {
      // It has ended since.
      if (!(error instanceof Refused)) throw error;
    }
  }
}
