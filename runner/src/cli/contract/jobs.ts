import { defineCommand } from "../command-contract.ts";
import { JOB_FILTER } from "./job-filter-flags.ts";
import { ACTING, CONNECTION, LIMIT, SHOWING } from "./remote-flags.ts";

const JOB = { what: "a job's id" };
const JOBS = { what: "a job's id", repeats: true } as const;
const ID = "job_01k9zr0000000000000000000";

export const listJobs = defineCommand({
  topic: "remote",
  summary: "Lists jobs, newest first.",
  flags: {
    ...JOB_FILTER,
    ...LIMIT,
    ...SHOWING,
  },
  examples: [
    { command: "jobs", does: "The newest jobs." },
    { command: "jobs list --status failed --since 12h", does: "What failed last night." },
    { command: "jobs list --tag customer:7", does: "The jobs with a tag." },
    {
      command: "jobs list --status failed --json | jq -r '.items[].jobId'",
      does: "Their ids, for a script.",
    },
  ],
});

export const showJob = defineCommand({
  topic: "remote",
  summary: "Shows a job with its steps and the deliveries of its events.",
  arguments: { JOB },
  flags: {
    input: { description: "Prints only the job's input, as JSON." },
    output: { description: "Prints only the job's output, as JSON." },
    ...SHOWING,
  },
  examples: [
    { command: `jobs show ${ID}`, does: "What happened to the job." },
    { command: `jobs show ${ID} --output > result.json`, does: "Writes its output into a file." },
  ],
});

export const jobLogs = defineCommand({
  topic: "remote",
  summary: "Prints the log lines of a job's plugins.",
  arguments: { JOB },
  flags: {
    follow: { short: "f", description: "Goes on until the job has ended." },
    json: { description: "Prints each line as JSON." },
    iso: SHOWING.iso,
    utc: SHOWING.utc,
    ...CONNECTION,
  },
  examples: [{ command: `jobs logs -f ${ID}`, does: "The log as it is written." }],
});

export const cancelJobs = defineCommand({
  topic: "remote",
  summary: "Cancels jobs that have not ended.",
  arguments: { JOB: JOBS },
  flags: ACTING,
  examples: [
    { command: `jobs cancel ${ID}`, does: "Ends the job as failed, with the code `CANCELLED`." },
  ],
});

export const retryJobs = defineCommand({
  topic: "remote",
  summary: "Runs failed jobs again, from the step that failed or from the start.",
  arguments: { JOB: JOBS },
  flags: {
    from: {
      value: "STEP",
      choices: ["failed-step", "start"],
      description: "Where they begin: `failed-step`, unless given, or `start`.",
    },
    ...ACTING,
  },
  examples: [
    { command: `jobs retry ${ID}`, does: "Runs one job again." },
    {
      command:
        "jobs list --name import --json | jq -r '.items[].jobId' | xargs playground-runner jobs retry",
      does: "Runs the newest jobs of a name again. For many jobs, use `bulk start retry`.",
    },
  ],
});

export const deleteJobs = defineCommand({
  topic: "remote",
  summary: "Deletes jobs that have ended, with their outputs, logs and deliveries.",
  description: "A job with an event that is not delivered yet is kept, and so is a job of a batch.",
  arguments: { JOB: JOBS },
  flags: ACTING,
  examples: [{ command: `jobs delete ${ID}`, does: "Deletes one job." }],
});
