import { Refused } from "../../domain/errors.ts";
import type { Slot } from "../../domain/schedule.ts";
import type { RunTrigger } from "../../domain/schedule-overlap.ts";
import type { SlotRun, StoredSchedule } from "../../ports/store/schedules.ts";
import { checkJob, type CheckDeps } from "../jobs/check-job.ts";
import type { DiskRoom } from "../jobs/disk-room.ts";
import { toNewJob, type NewJobDeps } from "../jobs/new-job.ts";
import type { SealedContents } from "../webhooks/sealed-contents.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import { openJob } from "./schedule-job.ts";

export interface MakeRunDeps extends CheckDeps, NewJobDeps {
  readonly catalog: CheckDeps["catalog"];
  readonly sealedContents: SealedContents;
  readonly diskRoom: DiskRoom;
  readonly traces: Pick<JobTraces, "scheduled">;
}

/** Makes the job of a slot, or says why there can be none: its plugin is gone, or no longer takes the input. */
export function makeRun(
  schedule: StoredSchedule,
  run: Slot & { readonly state: SlotRun["state"]; readonly trigger: RunTrigger },
  deps: MakeRunDeps,
): SlotRun {
  try {
    const request = openJob(schedule, deps.sealedContents);
    checkJob(request, deps, "/job");
    const job = toNewJob({ ...request, idempotencyKey: null }, deps, (id) =>
      deps.traces.scheduled({ id, plugin: request.plugins[0]?.name ?? "" }),
    );
    return { ...run, make: { kind: "job", job } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ...run, make: { kind: "refused", code: error.code, message: error.message } };
  }
}
