/** The filters of the list of jobs. A job matches if it meets all that are given. */
import { z } from "zod";
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { Instant, JobName, PluginName } from "./fields.ts";
import { JobStatusName } from "./job.ts";
import { Tag, Tags } from "./tags.ts";

/** Keys of objects, one in the other. What else a key can have would need quotes. */
const MetaPath = z.string().regex(/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,4}$/, {
  error:
    "must be 1 to 5 keys with dots between them, each 1 to 64 letters from A to Z, digits, _ and -",
});
const MAX_META = 5;

const Prefix = z.string().min(1).max(200);

export const JOB_FILTER = {
  status: z
    .union([JobStatusName, z.array(JobStatusName).min(1).max(20)])
    .optional()
    .describe("Only jobs with this status, or with one of these: `status=queued&status=running`."),
  plugin: PluginName.optional().describe("Only jobs that run this plugin, as any of their steps."),
  name: JobName.optional().describe("Only jobs with exactly this name."),
  namePrefix: Prefix.optional().describe("Only jobs with a name that begins like this."),
  idPrefix: Prefix.optional().describe("Only jobs with an id that begins like this."),
  tag: z
    .union([Tag, Tags.min(1)], { error: "must be a tag, or an array of tags" })
    .optional()
    .describe("Only jobs with this tag, or with all of these: `tag=nightly&tag=customer:7`."),
  errorGroup: z
    .string()
    .max(100)
    .optional()
    .describe("Only jobs that failed with the errors of this group."),
  deliveryState: z
    .enum(DELIVERY_STATES)
    .optional()
    .describe("Only jobs with a delivery in this state: `dead` for an event that was given up."),
  meta: z
    .record(MetaPath, z.string().max(200))
    .refine((paths) => Object.keys(paths).length <= MAX_META, {
      error: `must have at most ${MAX_META} paths`,
    })
    .optional()
    .meta({ examples: [{ "customer.id": "7" }] })
    .describe(
      "Only jobs whose `metadata` has these values at these paths: a string, or a number, `true`, `false` or `null` as it was written. In a query: `meta.customer.id=7`. Combine it with another filter, such as a time: a page ends early, with a cursor, after 10,000 jobs that do not match.",
    ),
  createdAfter: Instant.optional().describe("Only jobs that were submitted after this time."),
  createdBefore: Instant.optional().describe("Only jobs that were submitted before this time."),
};

export const JobFilterBody = z.strictObject(JOB_FILTER);
export type JobFilterBody = z.infer<typeof JobFilterBody>;
