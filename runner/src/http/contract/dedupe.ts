/** The schemas of keys that one job has at a time. */
import { z } from "zod";
import { MAX_KEY_LENGTH, MAX_KEY_TTL_MS } from "../../domain/job-key.ts";
import { Instant } from "./fields.ts";

const EITHER = "must have either `while` (`queued` or `active`) or `ttlMs`";

export const DedupeRequest = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(MAX_KEY_LENGTH)
      .describe(
        "A key of your choice. Jobs with the same plugins in the same order share their keys, in all daemons.",
      ),
    while: z
      .enum(["queued", "active"])
      .optional()
      .describe(
        "`queued`: the job has the key until it is taken to run for the first time. `active`: until it ends.",
      ),
    ttlMs: z
      .int()
      .min(1)
      .max(MAX_KEY_TTL_MS)
      .optional()
      .describe(
        "The job has the key for this time from its submission, in ms, whatever its status.",
      ),
  })
  .refine((given) => (given.while === undefined) !== (given.ttlMs === undefined), EITHER)
  .meta({
    id: "DedupeRequest",
    description:
      "If a job has the key, the request creates none, whatever its input: its response shows that job. Send either `while` or `ttlMs`. A job that is deleted no longer has its key.",
    examples: [{ key: "customer-7", while: "active" }],
  });

export const JobDedupe = z
  .object({
    key: z.string(),
    while: z.enum(["queued", "active"]).nullable().describe("Null if it has the key for a time."),
    until: Instant.nullable().describe(
      "Until when it has the key. Null unless it has it for a time.",
    ),
  })
  .meta({
    id: "JobDedupe",
    description: "The key that a job was submitted with.",
    examples: [{ key: "customer-7", while: "active", until: null }],
  });
