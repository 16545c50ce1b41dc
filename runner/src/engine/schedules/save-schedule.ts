import { Refused } from "../../domain/errors.ts";
import { toJsonText } from "../../domain/json-text.ts";
import { MAX_SCHEDULES } from "../../domain/schedule.ts";
import { slotAfter } from "../../domain/schedule-grid.ts";
import { passUntil } from "../../domain/schedule-plan.ts";
import { sortedJson } from "../../domain/sorted-json.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import { namedFiles, refuseMissingFile } from "../files/named-files.ts";
import { checkJob } from "../jobs/check-job.ts";
import type { JobRequest } from "../requests.ts";
import { placeOf, reportPassed, type ReportDeps } from "./advance.ts";
import type { MakeRunDeps } from "./make-run.ts";
import { openJob, sealJob } from "./schedule-job.ts";
import { toDefinition, withGap, type ScheduleRequest } from "./schedule-request.ts";
import type { Store } from "../../ports/store/store.ts";

interface SaveDeps extends MakeRunDeps, ReportDeps {
  readonly store: Pick<Store, "schedule" | "saveSchedule" | "file">;
}

/** Asks for the request again if another change came first: of two concurrent changes none is lost. */
export async function saveSchedule(
  key: string,
  {
    by,
    get,
    toRequest,
  }: {
    by: string | null;
    get: (key: string) => Promise<StoredSchedule>;
    toRequest: (before: StoredSchedule | null) => ScheduleRequest;
  },
  deps: SaveDeps,
): Promise<{ schedule: StoredSchedule; outcome: "created" | "changed" | "unchanged" }> {
  const { store, clock, ids, log, messages, sealedContents } = deps;
  for (;;) {
    const before = await store.schedule(key);
    const request = toRequest(before);
    const { job } = request;
    if (before !== null && isAsBefore(before, contentOf(request), deps)) {
      return { schedule: before, outcome: "unchanged" };
    }
    checkJob(job, deps, "/job");
    await checkFiles(job, deps);
    const now = clock.now();
    const definition = withGap(toDefinition(request), now);
    const id = before?.id ?? ids.newId("sch");
    const next = slotAfter({ id, definition }, now);
    const passed =
      before?.next == null ? [] : passUntil(before, before.next, { now, mark: "changed" }).passed;
    const outcome = await store.saveSchedule(
      { id, key, definition, next, ...sealJob(job, id, sealedContents) },
      { from: before && placeOf(before), passed, now, maxSchedules: MAX_SCHEDULES },
    );
    if (outcome === "stale") continue;
    if (outcome === "limit") throw new Refused("SCHEDULE_LIMIT");
    reportPassed(key, passed, deps);
    log.info({ schedule: key, token: by }, `schedule.${outcome}`);
    messages.publish({ kind: "schedules" });
    return { schedule: await get(key), outcome };
  }
}

function contentOf(request: ScheduleRequest): string {
  return sortedJson({ definition: toDefinition(request), job: plain(request.job) });
}

function isAsBefore(
  { definition, ...schedule }: StoredSchedule,
  content: string,
  { sealedContents }: Pick<SaveDeps, "sealedContents">,
): boolean {
  const { minGapMs: _, ...given } = definition;
  const job = plain(openJob(schedule, sealedContents));
  return sortedJson({ definition: given, job }) === content;
}

async function checkFiles(job: JobRequest, { store }: Pick<SaveDeps, "store">): Promise<void> {
  const texts = [job.input, ...job.plugins.map(({ options }) => options)].map(toJsonText);
  for (const id of namedFiles(job, texts)) {
    if ((await store.file(id)) !== null) continue;
    throw refuseMissingFile(id, [{ request: job, at: "/job" }]);
  }
}

/** As it comes back from the store: fields that are undefined are left out. */
function plain(job: JobRequest): string {
  return sortedJson(job);
}
