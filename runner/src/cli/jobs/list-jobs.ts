import type { JobSummary } from "../../http/contract/job-summary.ts";
import { listJobs as route } from "../../http/contract/jobs.ts";
import type { Given } from "../command-contract.ts";
import type { listJobs as contract } from "../contract/jobs.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";
import { describeFailure, describeProgress, durationOf } from "./describe-job.ts";
import { toJobFilter } from "./to-job-filter.ts";

export async function listJobs(given: Given<typeof contract>): Promise<number> {
  const filter = toJobFilter(given.flags);
  return printList(given, {
    columns,
    none: "No jobs match.",
    read: (client, page) => client.call(route, { query: { ...filter, ...page } }),
  });
}

const WORST_FIRST = ["failed", "retrying", "pending", "delivered"] as const;

function columns(output: Output): readonly Column<JobSummary>[] {
  return [
    { title: "JOB", text: (job) => job.jobId },
    { title: "STATUS", text: (job) => job.status, color: (job) => colorOf(job.status) },
    { title: "SUBMITTED", text: (job) => output.time(job.createdAt) },
    { title: "TOOK", text: (job) => durationOf(job, output.now) },
    { title: "NAME", text: (job) => job.name ?? "", isFlexible: true },
    { title: "PLUGINS", text: (job) => job.plugins.join(" → "), isFlexible: true },
    { title: "DELIVERED", text: describeDeliveries },
    { title: "NOTE", text: describeNow, isFlexible: true },
  ];
}

/** The worst state of its events' deliveries. */
function describeDeliveries({ deliveries }: JobSummary): string {
  const states = deliveries?.map(({ state }) => state) ?? [];
  const worst = WORST_FIRST.find((state) => states.includes(state)) ?? "";
  return worst === "delivered" ? "yes" : worst;
}

/** Why it failed or waits, or how far it is. */
function describeNow(job: JobSummary): string {
  if (job.errorCode !== null) return describeFailure(job);
  return job.waitingFor?.detail ?? (job.progress === null ? "" : describeProgress(job.progress));
}
