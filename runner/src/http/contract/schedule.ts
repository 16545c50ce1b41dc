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
} from "../../domain/schedule.ts";
import { EventKindName } from "./events.ts";
import { Instant, JobId, JsonObject, JsonValue } from "./fields.ts";
import { SubmitJob } from "./job.ts";
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

export const ScheduledJob = SubmitJob.omit({ runAt: true }).meta({
  id: "ScheduledJob",
  description:
    "The job that each slot makes. It has the fields of `POST /v1/jobs`, except `runAt`.",
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

const catchUpText = `What becomes of slots that passed while no daemon was up, or that are more than 10 s late. \`latest\`: the newest of them runs. \`none\`: none does. \`all\`: each does, up to ${MAX_CAUGHT_UP}.`;

export const SaveSchedule = z
  .strictObject({
    key: ScheduleKey.describe(
      "Your name for the schedule. A request with the same key changes the schedule.",
    ),
    cron: timing.cron.optional(),
    everyMs: timing.everyMs.optional(),
    at: timing.at.optional(),
    timezone: z.string().max(100).optional().meta({
      description: "The IANA name of the time zone of `cron`, such as `Europe/Berlin`.",
      default: "UTC",
    }),
    job: ScheduledJob,
    overlap: z.enum(OVERLAPS).optional().meta({
      description:
        "What becomes of a slot while an earlier job of the schedule has not ended. `skip`: it gets no job. `buffer-one`: one slot waits for the end, others get no job. `allow`: its job runs beside the other. `cancel-running`: the other is cancelled.",
      default: "skip",
    }),
    catchUp: z.enum(CATCH_UPS).optional().meta({ description: catchUpText, default: "latest" }),
    catchUpWindowMs: z.int().min(0).max(MAX_CATCH_UP_WINDOW_MS).optional().meta({
      description: "Slots that are later than this are not caught up, in ms.",
      default: DEFAULT_CATCH_UP_WINDOW_MS,
    }),
    jitterMs: z.int().min(0).max(MAX_JITTER_MS).optional().meta({
      description:
        "Each job is made up to this much after its slot, in ms, so that equal schedules do not run at once. The delay of a slot is always the same. It must be less than the time between two slots.",
      default: 0,
    }),
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
  })
  .meta({
    id: "SaveSchedule",
    description: "Send one of `cron`, `everyMs` and `at`.",
    examples: [SAMPLE_SAVE_SCHEDULE],
  });
export type SaveSchedule = z.infer<typeof SaveSchedule>;

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
    state: z.enum(["active", "paused", "ended"]).describe("`ended`: no slot is to come."),
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

export const SLOTS_KEPT_TEXT = `The newest ${KEPT_SLOTS} of each schedule are kept.`;
