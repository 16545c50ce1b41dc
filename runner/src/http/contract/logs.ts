import { z } from "zod";
import { LOG_LEVELS } from "../../ports/plugin-pool.ts";
import { IdParams, Instant, JsonObject, pageOf, TailQuery } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_LOG_LINE } from "./samples.ts";

export const LogLine = z
  .object({
    number: z
      .int()
      .describe("Number of the line. It increases within the job, and you can use it as `cursor`."),
    step: z.int().min(0).describe("Index of the plugin that wrote the line, starting at 0."),
    at: Instant,
    level: z.enum(LOG_LEVELS),
    message: z.string(),
    data: JsonObject.nullable(),
  })
  .meta({ id: "LogLine", examples: [SAMPLE_LOG_LINE] });

export type LogLine = z.infer<typeof LogLine>;

export const listLogs = defineRoute({
  operationId: "listLogs",
  method: "GET",
  path: "/v1/jobs/:id/logs",
  tag: "jobs",
  summary: "List the log lines of a job's plugins",
  access: "read",
  params: IdParams,
  query: TailQuery,
  responses: {
    200: { description: "The lines in order.", schema: pageOf(LogLine).meta({ id: "LogList" }) },
  },
  refusals: ["BODY_INVALID", "JOB_NOT_FOUND"],
});
