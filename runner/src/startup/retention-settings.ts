/** How long what has ended is kept. */
import { z } from "zod";
import { integer } from "./setting-types.ts";

const days = () =>
  z.coerce
    .number("must be a number of days")
    .positive("must be above 0")
    .max(36_500, "must be at most 36500");

export const RETENTION_SETTINGS = {
  retentionDays: days()
    .default(7)
    .describe(
      "Number of days after which ended jobs, and uploaded files that no job needs, are deleted.",
    ),
  retentionFailedDays: days()
    .optional()
    .describe(
      "Number of days after which jobs that failed are deleted. A batch is kept for the longer of both times. Default: the value of `PLAYGROUND_RETENTION_DAYS`.",
    ),
  retentionPayloadDays: days()
    .optional()
    .describe(
      "Number of days after which the input, the options, the outputs, the logs, the events' payloads and the files of ended jobs are removed. The job itself is kept for `PLAYGROUND_RETENTION_DAYS`, and can be found and counted, but not be run again. Default: payloads are kept as long as their job.",
    ),
  retentionFailedPayloadDays: days()
    .optional()
    .describe(
      "The same for jobs that failed, which can be retried until then. The callback of a batch keeps its payload for the longer of both times. Default: the value of `PLAYGROUND_RETENTION_PAYLOAD_DAYS`.",
    ),
  retentionMaxJobs: integer(0, 1_000_000_000)
    .optional()
    .describe(
      "Maximum number of ended jobs that are kept. Above it the oldest are deleted, whatever their age, but none with an event that is still to be delivered, and none of a batch that is kept. Default: no limit.",
    ),
  retentionMaxBytes: integer(1024 * 1024, 1024 ** 5)
    .optional()
    .describe(
      "Maximum size of what the SQLite database contains, in bytes, without its free pages and without the contents of files. Above it the oldest ended jobs are deleted, as with the maximum number. Not for PostgreSQL, which does not tell the size without what is deleted. Default: no limit.",
    ),
};
