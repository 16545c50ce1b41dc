import {
  currentPlugin,
  failPoison,
  isPoison,
  stopWaiting,
  type EventContext,
  type RunningJob,
} from "../../domain/job.ts";
import type { Transition } from "../../domain/transition.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import { whyUnavailable } from "./unavailable-plugin.ts";

/**
 * Returns and logs the end of a job that has waited for its plugin for as long as it is allowed to, or whose
 * next step has crashed the daemon too often. Null if the job can run.
 */
export function endWithoutRun(
  job: RunningJob,
  deps: {
    readonly catalog: Pick<PluginCatalog, "get">;
    readonly clock: Pick<Clock, "now">;
    readonly log: Log;
  },
  context: EventContext,
): Transition | null {
  const { catalog, clock, log } = deps;
  const plugin = currentPlugin(job);
  const fields = { jobId: job.id, fence: job.fence, plugin };
  const now = clock.now();
  const unavailable = job.waitedFor === undefined ? null : whyUnavailable(catalog, plugin);
  if (job.waitedFor !== undefined && unavailable !== null) {
    const waitedMs = now - job.waitedFor.since;
    const message = `${unavailable.message} The job waited ${waitedMs} ms for it (PLAYGROUND_PLUGIN_WAIT_MS).`;
    const failure = { ...unavailable, message };
    log.warn({ ...fields, failure }, "job.waited-too-long");
    return stopWaiting(job, { failure, at: now }, context);
  }
  if (!isPoison(job)) return null;
  const failed = failPoison(job, now, context);
  log.error({ ...fields, failure: failed.failure }, "job.poison-failed");
  return failed;
}
