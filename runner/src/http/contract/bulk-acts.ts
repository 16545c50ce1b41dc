/** One act on many jobs. */
import { z } from "zod";
import { BULK_ACTS, BULK_STATES, MAX_BULK_IDS } from "../../domain/bulk-act.ts";
import { IdParams, Instant, JobId, PageQuery, pageOf } from "./fields.ts";
import { JobFilterBody } from "./job-filter.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_BULK_ACT, SAMPLE_START_BULK_ACT } from "./list-samples.ts";

const BulkActName = z
  .enum(BULK_ACTS)
  .describe(
    "`cancel` acts on jobs that are queued or running, `retry` on failed ones, from the step that failed, and `retry-from-start` on the same, from the first step; `delete` on those that have ended. `redeliver` sends the deliveries of the jobs again that were given up.",
  );

export const StartBulkAct = z
  .strictObject({
    act: BulkActName,
    ids: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(MAX_BULK_IDS)
      .optional()
      .describe("The ids of the jobs. Send either `ids` or `filter`."),
    filter: JobFilterBody.optional().describe(
      "The jobs that match, of those submitted before the request. It has the parameters of `GET /v1/jobs`. `{}` matches all.",
    ),
    dryRun: z
      .boolean()
      .optional()
      .describe("True to count the jobs that match and do nothing else."),
  })
  .meta({ id: "StartBulkAct", examples: [SAMPLE_START_BULK_ACT] });

export const BulkAct = z
  .object({
    id: z.string(),
    act: BulkActName,
    dryRun: z.boolean(),
    token: z
      .string()
      .nullable()
      .describe("The name of the token of the request. Null for the daemon's own token."),
    state: z
      .enum(BULK_STATES)
      .describe(
        "`running` until it has ended. `aborted`: by a request. `failed`: it cannot go on.",
      ),
    matched: z.int().describe("Number of jobs that match. It grows while they are counted."),
    done: z.int().describe("Number of jobs that were acted on."),
    skipped: z
      .int()
      .describe(
        "Number of jobs that could not be acted on, such as a job that was retried before.",
      ),
    failed: z.int().describe("Number of jobs on which the act failed because of the daemon."),
    errors: z
      .array(z.object({ jobId: JobId, code: z.string(), message: z.string() }))
      .describe("The first 10 jobs that were skipped or failed, with the reason."),
    createdAt: Instant,
    endedAt: Instant.nullable(),
  })
  .meta({ id: "BulkAct", examples: [SAMPLE_BULK_ACT] });
export type BulkAct = z.infer<typeof BulkAct>;

export const startBulkAct = defineRoute({
  operationId: "startBulkAct",
  method: "POST",
  path: "/v1/bulk",
  tag: "jobs",
  summary: "Cancel, retry, delete or redeliver many jobs",
  description:
    "The act is stored, runs in the background, and goes on after a restart. What became so after the request is left alone: a job that is submitted, or fails, later. `delete` and `redeliver` need a token with the scope `admin`. At most 5 run at once.",
  access: "run",
  body: StartBulkAct,
  responses: {
    202: {
      description: "The bulk act is stored.",
      schema: BulkAct,
      headers: { Location: "Path of the bulk act." },
    },
  },
  refusals: ["BULK_ACT_LIMIT", "STOPPING"],
});

export const listBulkActs = defineRoute({
  operationId: "listBulkActs",
  method: "GET",
  path: "/v1/bulk",
  tag: "jobs",
  summary: "List bulk acts, newest first",
  access: "read",
  query: z.strictObject(PageQuery),
  responses: {
    200: { description: "A page.", schema: pageOf(BulkAct).meta({ id: "BulkActList" }) },
  },
  refusals: ["BODY_INVALID"],
});

export const getBulkAct = defineRoute({
  operationId: "getBulkAct",
  method: "GET",
  path: "/v1/bulk/:id",
  tag: "jobs",
  summary: "Get a bulk act with its progress",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The bulk act.", schema: BulkAct } },
  refusals: ["BULK_ACT_NOT_FOUND"],
});

export const abortBulkAct = defineRoute({
  operationId: "abortBulkAct",
  method: "POST",
  path: "/v1/bulk/:id/abort",
  tag: "jobs",
  summary: "Abort a bulk act",
  description: "What it has done stays. Up to 20 more jobs can be acted on after the response.",
  access: "run",
  params: IdParams,
  responses: { 200: { description: "The bulk act in its current state.", schema: BulkAct } },
  refusals: ["BULK_ACT_NOT_FOUND", "BULK_ACT_ENDED"],
});
