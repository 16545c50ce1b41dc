/** A job as a row of a list. */
import { z } from "zod";
import { DELIVERY_PROGRESS } from "../../domain/delivery-progress.ts";
import { STEP_STATES } from "../../domain/step-states.ts";
import { EVENT_KINDS } from "../../domain/event.ts";
import { StepProgress } from "./events.ts";
import { ending, identity, plan, timings, WaitingFor } from "./job.ts";
import { SAMPLE_JOB_SUMMARY } from "./samples.ts";

export const JobSummary = z
  .object({
    ...identity,
    ...plan,
    ...timings,
    completedSteps: z.int().describe("Number of steps that have completed."),
    steps: z
      .array(z.object({ plugin: z.string(), status: z.enum(STEP_STATES) }))
      .describe("One step per plugin, in order."),
    progress: StepProgress.nullable().describe(
      "Progress of the running step. Null when its plugin has not reported any.",
    ),
    attempts: z
      .int()
      .describe(
        "How many attempts of the current step failed, and how often it was started since. 0 before the first time.",
      ),
    waitingFor: WaitingFor.nullable().describe(
      "What the job waits for before it can run. Null if it does not wait.",
    ),
    ...ending,
    errorGroup: z
      .string()
      .nullable()
      .describe("Id of the group of its error. Null unless it failed."),
    deliveries: z
      .array(z.object({ event: z.enum(EVENT_KINDS), state: z.enum(DELIVERY_PROGRESS) }))
      .nullable()
      .describe(
        "How far the job's events are on their way: the worst state of the deliveries of each kind of event. `pending`: not sent yet. `retrying`: an attempt failed, and another one is due. `failed`: given up. Null for a job with more than 200 deliveries.",
      ),
    url: z.string().describe("URL of the job."),
  })
  .meta({ id: "JobSummary", examples: [SAMPLE_JOB_SUMMARY] });

export type JobSummary = z.infer<typeof JobSummary>;
