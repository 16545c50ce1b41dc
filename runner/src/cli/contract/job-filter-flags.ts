import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { JOB_STATUSES } from "../../domain/job-spec.ts";
import { SINCE_HELP } from "./remote-flags.ts";

/** Which jobs, as in the list of jobs of the API. */
export const JOB_FILTER = {
  status: {
    value: "STATUS",
    choices: JOB_STATUSES,
    repeats: true,
    description: "Only jobs with this status. Repeat it for several.",
  },
  plugin: {
    value: "PLUGIN",
    description: "Only jobs that run this plugin, as any of their steps.",
  },
  name: { value: "NAME", description: "Only jobs with exactly this name." },
  "name-prefix": { value: "TEXT", description: "Only jobs with a name that begins like this." },
  tag: {
    value: "TAG",
    repeats: true,
    description: "Only jobs with this tag. Repeat it for jobs that have all of several.",
  },
  meta: {
    value: "PATH=VALUE",
    repeats: true,
    description:
      "Only jobs with this value in their metadata: --meta customer.id=7. Repeat it for jobs that have all of several.",
  },
  "error-group": {
    value: "GROUP",
    description: "Only jobs that failed with the errors of this group.",
  },
  "delivery-state": {
    value: "STATE",
    choices: DELIVERY_STATES,
    description: "Only jobs with a delivery in this state: dead for an event that was given up.",
  },
  since: { value: "TIME", description: `Only jobs submitted since then: ${SINCE_HELP}.` },
  until: { value: "TIME", description: "Only jobs submitted before then, in the same form." },
} as const;
