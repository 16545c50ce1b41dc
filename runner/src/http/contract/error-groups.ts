/** Failures with the same cause, as far as their messages tell. */
import { z } from "zod";
import { FailureCodeName } from "./events.ts";
import { Instant, JobId } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_ERROR_GROUP } from "./list-samples.ts";

const MAX_GROUPS = 200;

const ErrorGroup = z
  .object({
    id: z.string().describe("Send it as `errorGroup` to list the jobs."),
    plugin: z.string().describe("The plugin of the step that failed, or that would have run next."),
    code: FailureCodeName,
    message: z
      .string()
      .describe("The first line of the message, with `#` in place of numbers and ids."),
    count: z
      .int()
      .describe(
        "Number of jobs that failed after `since` and have not been retried, at most 1,000.",
      ),
    more: z.boolean().describe("True when there are more jobs than were counted."),
    firstSeenAt: Instant.describe("When the first of its jobs failed that is still stored."),
    lastSeenAt: Instant.describe("When the last of its jobs failed."),
    lastJobId: JobId.describe("The job that failed last."),
  })
  .meta({ id: "ErrorGroup", examples: [SAMPLE_ERROR_GROUP] });
export type ErrorGroup = z.infer<typeof ErrorGroup>;

export const listErrorGroups = defineRoute({
  operationId: "listErrorGroups",
  method: "GET",
  path: "/v1/error-groups",
  tag: "jobs",
  summary: "List what jobs fail with, the last seen first",
  description:
    "Failures are grouped by plugin, error code and the first line of the message. Numbers and ids in the message do not count. Failures from before version 0.2 are in no group.",
  access: "read",
  query: z.strictObject({
    since: Instant.optional().describe("Only failures after this time. The default is all."),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_GROUPS)
      .default(50)
      .describe("Maximum number of groups in the response."),
  }),
  responses: {
    200: {
      description: "The groups.",
      schema: z.object({ groups: z.array(ErrorGroup) }).meta({ id: "ErrorGroupList" }),
    },
  },
  refusals: ["BODY_INVALID"],
});
