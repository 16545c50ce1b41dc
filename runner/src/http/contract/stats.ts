import { z } from "zod";
import { Instant } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_PLUGIN_STATS, SAMPLE_STATS } from "./status-samples.ts";

const MAX_MINUTES = 24 * 60;
const MAX_HOURS = 7 * 24;

const Point = z.object({
  at: Instant.describe("The start of the minute."),
  submitted: z.int().describe("New jobs."),
  completed: z.int().describe("Jobs that completed."),
  failed: z.int().describe("Jobs that failed, without the cancelled ones."),
  cancelled: z.int(),
  delivered: z.int().describe("Events that were delivered."),
  deliveredFirstTry: z.int().describe("Those of them that needed one attempt."),
  deliveryFailed: z.int().describe("Deliveries that were given up."),
  queueWaitP95Ms: z
    .number()
    .nullable()
    .describe(
      "95 % of the jobs that began in this minute had waited no longer than this for a thread, to within a tenth. Null when none began.",
    ),
});

export const Stats = z
  .object({
    from: Instant,
    to: Instant,
    stepMs: z.literal(60_000).describe("The time between two points."),
    points: z
      .array(Point)
      .describe("A point for every minute, the running one included, the oldest first."),
  })
  .meta({ id: "Stats", examples: [SAMPLE_STATS] });

export type Stats = z.infer<typeof Stats>;

export const getStats = defineRoute({
  operationId: "getStats",
  method: "GET",
  path: "/v1/stats",
  tag: "daemon",
  summary: "Get what happened, by minute",
  description:
    "Minutes are kept for a day, across restarts. If the daemon is killed, the counts of its last five seconds are lost; the jobs are not.",
  access: "read",
  query: z.strictObject({
    minutes: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_MINUTES)
      .default(60)
      .describe("How many minutes to return."),
  }),
  responses: { 200: { description: "The points.", schema: Stats } },
  refusals: ["BODY_INVALID"],
});

const PluginRuns = z.object({
  name: z.string(),
  runs: z.int().describe("Steps that ran this plugin and ended."),
  failed: z.int().describe("Those of them that failed or were cancelled."),
  medianMs: z.number().nullable().describe("Median duration of a step, to within a tenth."),
  p95Ms: z.number().nullable().describe("95th percentile of the durations, to within a tenth."),
  perHour: z
    .array(
      z.object({
        at: Instant.describe("The start of the hour."),
        runs: z.int(),
        failed: z.int(),
      }),
    )
    .describe("The hours in which the plugin ran, the oldest first."),
});

export const PluginStats = z
  .object({ from: Instant, to: Instant, plugins: z.array(PluginRuns) })
  .meta({ id: "PluginStats", examples: [SAMPLE_PLUGIN_STATS] });

export type PluginStats = z.infer<typeof PluginStats>;

export const getPluginStats = defineRoute({
  operationId: "getPluginStats",
  method: "GET",
  path: "/v1/plugin-stats",
  tag: "daemon",
  summary: "Get how often plugins ran, how long, and how many runs failed",
  description:
    "Lists the plugins that ran in this time, sorted by name, also those that were removed since. Hours are kept for seven days.",
  access: "read",
  query: z.strictObject({
    hours: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_HOURS)
      .default(24)
      .describe("How many hours to look at, the running one included."),
  }),
  responses: { 200: { description: "The plugins.", schema: PluginStats } },
  refusals: ["BODY_INVALID"],
});
