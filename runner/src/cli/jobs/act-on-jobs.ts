import type { Job } from "../../http/contract/job.ts";
import { cancelJob, deleteJob, retryJob } from "../../http/contract/jobs.ts";
import type { Given } from "../command-contract.ts";
import type * as contract from "../contract/jobs.ts";
import type { Answer } from "../remote/client.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function cancelJobs(given: Given<typeof contract.cancelJobs>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.JOB, {
    json: given.flags.json,
    act: (id) => client.call(cancelJob, { params: { id } }),
    // A running plugin gets time to stop.
    describe: (id, answer: Answer<Job>) =>
      answer.body().status === "failed" ? `Cancelled ${id}.` : `Cancelling ${id}.`,
  });
}

export async function retryJobs(given: Given<typeof contract.retryJobs>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.JOB, {
    json: given.flags.json,
    act: (id) => client.call(retryJob, { params: { id }, query: { from: given.flags.from } }),
    describe: (id) => `Retrying ${id}.`,
  });
}

export async function deleteJobs(given: Given<typeof contract.deleteJobs>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.JOB, {
    json: given.flags.json,
    act: (id) => client.call(deleteJob, { params: { id } }),
    describe: (id) => `Deleted ${id}.`,
  });
}
