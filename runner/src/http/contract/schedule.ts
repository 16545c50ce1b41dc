/** The schemas of schedules. schedules.ts has the routes. */
import { z } from "zod";
import {
  CATCH_UPS,
  DEFAULT_CATCH_UP_WINDOW_MS,
  KEPT_SLOTS,
  MAX_CATCH_UP_WINDOW_MS,
  MAX_CAUGHT_UP,
  MAX_EVERY_MS,
  MAX_JITTER_MS,
  MIN_EVERY_MS,
  OVERLAPS,
  SLOT_REASONS,
  SLOT_STATES,
  SCHEDULE_STATES,
} from "../../domain/schedule.ts";
import { EventKindName } from "./events.ts";
import { Instant, JobId, JsonObject, JsonValue } from "./fields.ts";
import { JobRequest } from "./job.ts";
import { MaskedHeaders } from "./job-webhook.ts";
import { RetryPolicy } from "./retry.ts";
import { SAMPLE_SAVE_SCHEDULE, SAMPLE_SCHEDULE, SAMPLE_SLOT } from "./schedule-samples.ts";

const MAX_PAUSE_ON_FAILURES = 1_000;
/** A longer text is refused by the check of cron, which says so. The body limit bounds it. */
const Cron = z.string();

const ScheduleKey = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
  error:
    "must begin with a letter or digit, and have at most 100 letters, digits, dots, dashes and underscores",
});

export const ScheduledJob = JobRequest.omit({ runAt: true }).meta({
  id: "ScheduledJob",
  description:
    "The job that each slot makes. It has the fields of `POST /v1/jobs`, except `runAt`, `dedupe` and `debounce`: `overlap` says what becomes of a slot while a job has not ended.",
  examples: [SAMPLE_SAVE_SCHEDULE.job],
});

const timing = {
  cron: Cron.describe(
    "Five fields: minute, hour, day of the month, month, day of the week. Seconds are not supported.",
  ),
  everyMs: z
    .int()
    .min(MIN_EVERY_MS)
    .max(MAX_EVERY_MS)
    .describe(
      "The time between two slots, in ms. They are counted from `startAt`, or from 1970, and never from the end of a job.",
    ),
  at: Instant.describe("The one slot."),
};

/** A field that is left out gets its default or, in an update, stays the same. */
const settings = {
  timezone: z
    .string()
    .max(100)
    .describe("The IANA name of the time zone of `cron`, such as `Europe/Berlin`."),
  overlap: z
    .enum(OVERLAPS)
    .describe(
      "What becomes of a slot while an earlier job of the schedule has not ended. `skip`: it gets no job. `buffer-one`: one slot waits for the end, others get no job. `allow`: its job runs beside the other. `cancel-running`: the other is cancelled.",
    ),
  catchUp: z
    .enum(CATCH_UPS)
    .describe(
      `What becomes of slots that passed while no daemon was up, or that are more than 10 s late. \`latest\`: the newest of them runs. \`none\`: none does. \`all\`: each does, up to ${MAX_CAUGHT_UP}.`,
    ),
  catchUpWindowMs: z
    .int()
    .min(0)
    .max(MAX_CATCH_UP_WINDOW_MS)
    .describe("Slots that are later than this are not caught up, in ms."),
  jitterMs: z
    .int()
    .min(0)
    .max(MAX_JITTER_MS)
    .describe(
      "Each job is made up to this much after its slot, in ms, so that equal schedules do not run at once. The delay of a slot is always the same. It must be less than the time between two slots.",
    ),
};

const optional = {
  cron: timing.cron.optional(),
  everyMs: timing.everyMs.optional(),
  at: timing.at.optional(),
  pauseOnFailures: z
    .int()
    .min(1)
    .max(MAX_PAUSE_ON_FAILURES)
    .nullish()
    .describe(
      "This many failures in a row pause the schedule: jobs that failed, and slots whose job was refused. A job that was cancelled does not count. Null, the default: none do.",
    ),
  startAt: Instant.nullish().describe("There is no slot before it."),
  endAt: Instant.nullish().describe("There is no slot after it."),
};

function defaulted<T extends z.ZodType>(field: T, value: string | number) {
  return field.optional().meta({ description: field.description, default: value });
}

export const SaveSchedule = z
  .strictObject({
    key: ScheduleKey.describe(
      "Your name for the schedule. A request with the same key changes the schedule.",
    ),
    job: ScheduledJob,
    ...optional,
    timezone: defaulted(settings.timezone, "UTC"),
    overlap: defaulted(settings.overlap, "skip"),
    catchUp: defaulted(settings.catchUp, "latest"),
    catchUpWindowMs: defaulted(settings.catchUpWindowMs, DEFAULT_CATCH_UP_WINDOW_MS),
    jitterMs: defaulted(settings.jitterMs, 0),
  })
  .meta({
    id: "SaveSchedule",
    description: "Send one of `cron`, `everyMs` and `at`.",
    examples: [SAMPLE_SAVE_SCHEDULE],
  });
export type SaveSchedule = z.infer<typeof SaveSchedule>;

const { webhook, timeoutMs, retry, priority } = ScheduledJob.shape;

const UpdateScheduledJob = ScheduledJob.partial()
  .extend({
    webhook: webhook.nullable(),
    timeoutMs: timeoutMs.nullable(),
    retry: retry.nullable(),
    priority: priority.unwrap().optional(),
  })
  .meta({
    id: "UpdateScheduledJob",
    description:
      "The fields of the job that change. `webhook` is replaced as a whole, with its headers and its secret. Null takes away what the job need not have.",
    examples: [{ input: SAMPLE_SAVE_SCHEDULE.job.input }],
  });
export type UpdateScheduledJob = z.infer<typeof UpdateScheduledJob>;

export const UpdateSchedule = z
  .strictObject({ ...optional, ...settings, job: UpdateScheduledJob })
  .partial()
  .meta({
    id: "UpdateSchedule",
    description: "The fields that change. One of `cron`, `everyMs` and `at` replaces the other.",
    examples: [{ cron: "0 4 * * *" }, { job: { input: SAMPLE_SAVE_SCHEDULE.job.input } }],
  });
export type UpdateSchedule = z.infer<typeof UpdateSchedule>;

export const PreviewSchedule = z
  .strictObject({
    cron: optional.cron,
    everyMs: optional.everyMs,
    at: optional.at,
    timezone: defaulted(settings.timezone, "UTC"),
    startAt: optional.startAt,
    endAt: optional.endAt,
    n: defaulted(z.int().min(1).max(100).describe("How many slots."), 5),
  })
  .meta({
    id: "PreviewSchedule",
    description: "Send one of `cron`, `everyMs` and `at`.",
    examples: [{ cron: SAMPLE_SAVE_SCHEDULE.cron, timezone: SAMPLE_SAVE_SCHEDULE.timezone, n: 3 }],
  });
export type PreviewSchedule = z.infer<typeof PreviewSchedule>;

export const ScheduleSlot = z
  .object({
    slot: Instant.describe(
      "The instant of the grid. Of a run that a person asked for, the instant of the request.",
    ),
    dueAt: Instant.describe("The slot and its jitter."),
    local: z.string().describe("`slot` as a clock in the schedule's time zone shows it."),
    state: z
      .enum(SLOT_STATES)
      .describe(
        "`fired` and `caught-up` have a job. `buffered` gets one when the job before it has ended. `skipped`, `missed` and `refused` have none.",
      ),
    manual: z.boolean().describe("True if a person asked for it."),
    reason: z
      .string()
      .nullable()
      .describe(
        `Why it has no job: ${SLOT_REASONS.map((reason) => `\`${reason}\``).join(", ")}, or for \`refused\` the code with which \`POST /v1/jobs\` would refuse the job.`,
      ),
    detail: z.string().nullable().describe("The reason, as a sentence."),
    decidedAt: Instant,
    jobId: JobId.nullable(),
    jobState: z
      .enum(["open", "completed", "failed"])
      .nullable()
      .describe("What the job is now, or was when it was deleted."),
  })
  .meta({ id: "ScheduleSlot", description: "What became of a slot.", examples: [SAMPLE_SLOT] });
export type ScheduleSlot = z.infer<typeof ScheduleSlot>;

const ScheduleWebhook = z.object({
  url: z.string(),
  headers: MaskedHeaders,
  on: z.array(EventKindName),
  retries: z.int(),
  timeoutMs: z.int(),
  verifyTls: z.boolean().describe("Whether the endpoint's certificate must be valid."),
  signed: z.boolean().describe("Whether it has a secret, which is never shown."),
});

const ShownJob = z.object({
  plugins: z.array(z.object({ name: z.string(), options: JsonValue })),
  input: JsonValue,
  webhook: ScheduleWebhook.nullable(),
  name: z.string().nullable(),
  metadata: JsonObject,
  tags: z.array(z.string()),
  priority: z.int(),
  timeoutMs: z.int().nullable(),
  retry: RetryPolicy.nullable(),
});
export type ShownJob = z.infer<typeof ShownJob>;

export const Schedule = z
  .object({
    id: z.string(),
    key: z.string(),
    cron: timing.cron.nullable(),
    everyMs: timing.everyMs.nullable(),
    at: timing.at.nullable(),
    timezone: z.string(),
    job: ShownJob,
    overlap: z.enum(OVERLAPS),
    catchUp: z.enum(CATCH_UPS),
    catchUpWindowMs: z.int(),
    jitterMs: z.int(),
    pauseOnFailures: z.int().nullable(),
    startAt: Instant.nullable(),
    endAt: Instant.nullable(),
    state: z.enum(SCHEDULE_STATES).describe("`ended`: no slot is to come."),
    pausedBy: z
      .enum(["request", "failures"])
      .nullable()
      .describe("What paused it. Null unless it is paused."),
    reason: z.string().nullable().describe("Why failures paused it, as a sentence."),
    pausedAt: Instant.nullable(),
    failures: z.int().describe("Failures in a row."),
    nextSlot: Instant.nullable().describe(
      "The first slot that is not decided. Of a paused schedule, it will be skipped.",
    ),
    nextDueAt: Instant.nullable().describe("`nextSlot` and its jitter."),
    bufferedSlot: Instant.nullable().describe("The slot that waits until a job has ended."),
    lastSlot: ScheduleSlot.nullable().describe("The slot that was decided last."),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: "Schedule", examples: [SAMPLE_SCHEDULE] });
export type Schedule = z.infer<typeof Schedule>;

export const NextSlot = z
  .object({
    slot: Instant.describe("The nominal instant."),
    dueAt: Instant.describe("When the job is made: the slot and its jitter."),
    local: z.string().describe("`slot` as a clock in the schedule's time zone shows it."),
  })
  .meta({ id: "NextSlot" });

export const PreviewedSlot = NextSlot.omit({ dueAt: true }).meta({ id: "PreviewedSlot" });

export const SLOTS_KEPT_TEXT = `The newest ${KEPT_SLOTS} of each schedule are kept.`;
