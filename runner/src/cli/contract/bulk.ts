import { BULK_ACTS } from "../../domain/bulk-act.ts";
import { defineCommand } from "../command-contract.ts";
import { JOB_FILTER } from "./job-filter-flags.ts";
import { ACTING, LIMIT, SHOWING } from "./remote-flags.ts";

const ID = "bulk_01k9zr0000000000000000000";

export const startBulkAct = defineCommand({
  topic: "remote",
  summary: "Acts on all jobs that match, and follows the progress.",
  description:
    "It first counts them and asks. `cancel` acts on jobs that are queued or running, `retry` and `retry-from-start` on failed ones, `delete` on those that have ended. `redeliver` sends their events again that were given up. The daemon goes on when the command ends.",
  arguments: { ACT: { what: "an act", choices: BULK_ACTS } },
  flags: {
    ...JOB_FILTER,
    all: { description: "All jobs that the act applies to, without a filter." },
    "dry-run": { description: "Only counts the jobs." },
    yes: { short: "y", description: "Does not ask. Needed without a terminal." },
    detach: { short: "d", description: "Prints the id and does not wait until it has ended." },
    ...ACTING,
  },
  examples: [
    {
      command: "bulk start retry --plugin csv-profile --since 12h",
      does: "Retries what failed last night.",
    },
    { command: "bulk start delete --until 30d --dry-run", does: "How many jobs are that old." },
  ],
});

export const listBulkActs = defineCommand({
  topic: "remote",
  summary: "Lists bulk acts, newest first.",
  flags: { ...LIMIT, ...SHOWING },
  examples: [{ command: "bulk", does: "What was done to many jobs, and by which token." }],
});

export const showBulkAct = defineCommand({
  topic: "remote",
  summary: "Shows a bulk act with its progress and its first errors.",
  arguments: { BULK: { what: "a bulk act's id" } },
  flags: SHOWING,
  examples: [{ command: `bulk show ${ID}`, does: "How far it is." }],
});

export const abortBulkActs = defineCommand({
  topic: "remote",
  summary: "Aborts bulk acts. What they have done stays.",
  arguments: { BULK: { what: "a bulk act's id", repeats: true } },
  flags: ACTING,
  examples: [{ command: `bulk abort ${ID}`, does: "Stops it." }],
});
