/** The filters of the list of jobs. A job matches if it meets all that are given. */
import { z } from "zod";
import { Instant, JobName, PluginName } from "./fields.ts";
import { JobStatusName } from "./job.ts";
import { Tag, Tags } from "./tags.ts";

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
  createdAfter: Instant.optional().describe("Only jobs that were submitted after this time."),
  createdBefore: Instant.optional().describe("Only jobs that were submitted before this time."),
};

export const JobFilterBody = z.strictObject(JOB_FILTER);
export type JobFilterBody = z.infer<typeof JobFilterBody>;
