/** The tools that are about jobs. Their names have an underscore, which no plugin's name has. */
import type { Tool } from "@modelcontextprotocol/server";
import { z } from "zod";
import { PluginName } from "../contract/fields.ts";
import { JobStatusName } from "../contract/job.ts";

const JobId = z.string().describe("The id of a job, as in a tool's result.");

export const GetJob = z.strictObject({ jobId: JobId });
export const WaitJob = z.strictObject({ jobId: JobId });
export const CancelJob = z.strictObject({ jobId: JobId });
export const ListJobs = z.strictObject({
  status: JobStatusName.optional().describe("Only jobs with this status."),
  plugin: PluginName.optional().describe("Only jobs that run this plugin."),
  limit: z.int().min(1).max(50).default(10).describe("How many jobs, the newest first."),
});

export const JOB_TOOLS: readonly Tool[] = [
  {
    name: "get_job",
    description: "Returns the output of a job that has ended, or the progress of one that has not.",
    inputSchema: toSchema(GetJob),
    annotations: { readOnlyHint: true },
  },
  {
    name: "wait_job",
    description:
      "Waits for a job to end, and returns its output. If it has not ended after the wait, call this again.",
    inputSchema: toSchema(WaitJob),
    annotations: { readOnlyHint: true },
  },
  {
    name: "cancel_job",
    description: "Ends a job that is queued or running.",
    inputSchema: toSchema(CancelJob),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
  },
  {
    name: "list_jobs",
    description: "Lists the newest jobs, without their outputs.",
    inputSchema: toSchema(ListJobs),
    annotations: { readOnlyHint: true },
  },
];

export function isJobTool(name: string): boolean {
  return JOB_TOOLS.some((tool) => tool.name === name);
}

function toSchema(schema: z.ZodType): Tool["inputSchema"] {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest as Tool["inputSchema"];
}
