import { z } from "zod";
import { PROBLEM_KINDS } from "../../domain/problem.ts";
import { Instant } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_STATUS } from "./status-samples.ts";

const count = (description: string) => z.int().min(0).describe(description);

const Problem = z
  .object({
    kind: z.enum(PROBLEM_KINDS).describe("More kinds may be added: show the message of any kind."),
    severity: z
      .enum(["error", "warning"])
      .describe("`error`: work fails or stands still. `warning`: it will soon, or it did."),
    message: z.string().describe("What is wrong, in words. It contains no times."),
    target: z
      .union([
        z.object({ destinationId: z.string() }),
        z.object({ webhookId: z.string() }),
        z.object({ plugin: z.string() }),
        z.object({ schedule: z.string() }),
        z.object({ limit: z.string() }),
      ])
      .nullable()
      .describe("What it is about."),
    since: Instant.nullable().describe("Since when it has been so."),
    until: Instant.nullable().describe("When the daemon tries again."),
    count: z
      .int()
      .nullable()
      .describe("Number of events, jobs or processes that it concerns. At most 1,000 are counted."),
  })
  .meta({ id: "StatusProblem", description: "Something that an operator should look at." });

export const Status = z
  .object({
    version: z.string(),
    startedAt: Instant,
    now: Instant.describe("The daemon's clock."),
    threads: z.object({ total: z.int(), busy: z.int() }),
    jobs: z.object({
      queued: count("All queued jobs. The scheduled and waiting ones are some of them."),
      running: z.int(),
      scheduled: count("Queued jobs whose `runAt` has not come. At most 1,000 are counted."),
      waiting: count("Queued jobs that wait for a plugin. At most 1,000 for each are counted."),
      oldestQueuedAt: Instant.nullable().describe(
        "Since when the next job has been ready to run. Null when no job is ready.",
      ),
    }),
    last24h: z.object({
      submitted: count("New jobs."),
      completed: z.int(),
      failed: count("Without the cancelled jobs."),
      cancelled: z.int(),
      delivered: z.int(),
      deliveredFirstTry: count("Events that were delivered by their first attempt."),
      deliveryFailed: count("Deliveries that were given up."),
    }),
    deliveries: z.object({
      pending: count("Deliveries that are due or wait."),
      failed: count("Deliveries that were given up and are still stored."),
    }),
    webhooks: z.object({ total: z.int(), off: z.int(), paused: z.int() }),
    plugins: z.object({ total: z.int(), broken: z.int() }),
    destinations: z.object({
      behind: count("Destinations with an open circuit or a pause. At most 50 are counted."),
    }),
    memory: z.object({
      daemonBytes: count("Resident memory of the daemon's process."),
      executorBytes: count(
        "Resident memory of the processes that run plugins, as last reported while a step ran.",
      ),
      executorLimitBytes: z.int().nullable().describe("`PLAYGROUND_EXECUTOR_MEMORY_MB`, in bytes."),
    }),
    database: z.object({
      bytes: count("Size of the database, without its write-ahead log."),
      freeBytes: count("The part of it that is free for new rows."),
    }),
    disk: z.object({
      freeBytes: z.int().nullable().describe("What is left on the disk with the data folder."),
    }),
    limits: z
      .array(
        z.object({
          name: z
            .string()
            .describe(
              "`queue`, `webhooks`, `deliveries` in flight, `requests`, `waits` or `streams`.",
            ),
          used: z.int(),
          max: z.int(),
        }),
      )
      .describe("How much of each limit is used now."),
    daemons: z
      .array(
        z.object({
          isThis: z.boolean().describe("Whether it is the daemon that answers."),
          isUp: z
            .boolean()
            .describe(
              "False for one that is silent or has stopped. It is listed until the others have taken over its work.",
            ),
          host: z.string().describe("Name of its machine or container."),
          processId: z.int(),
          version: z.string(),
          startedAt: Instant,
          threads: z.int().describe("The steps that it can run at a time."),
          plugins: z.array(z.string()).describe("The plugins that it can run."),
        }),
      )
      .describe(
        "The daemons that share the database, by their start. With SQLite there is only one. At most 100 are listed.",
      ),
    problems: z.array(Problem).describe("What is wrong now, errors first. Empty when all is well."),
  })
  .meta({ id: "Status", examples: [SAMPLE_STATUS] });

export type Status = z.infer<typeof Status>;

export const getStatus = defineRoute({
  operationId: "getStatus",
  method: "GET",
  path: "/v1/status",
  tag: "daemon",
  summary: "Get the daemon's state, and what is wrong with it in words",
  access: "read",
  responses: { 200: { description: "The state.", schema: Status } },
  refusals: [],
});
