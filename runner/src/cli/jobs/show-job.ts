import { listDeliveries } from "../../http/contract/deliveries.ts";
import type { Job, JobStep } from "../../http/contract/job.ts";
import { getJob } from "../../http/contract/jobs.ts";
import { toSize } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { showJob as contract } from "../contract/jobs.ts";
import { deliveryColumns } from "../deliveries/delivery-columns.ts";
import { indentJson, parseExactJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput, type Output } from "../output.ts";
import { toPrintableLines } from "../printable.ts";
import { connect } from "../remote/connect.ts";
import { colorOf } from "../state-color.ts";
import { describeFailure, describeProgress, durationOf } from "./describe-job.ts";

/** Larger inputs and outputs are only named. */
const MAX_SHOWN_CHARACTERS = 2000;
const MAX_DELIVERIES = 100;

export async function showJob(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const client = await connect(given);
  const output = openOutput(flags);
  const id = given.arguments.JOB;
  const answer = await client.call(getJob, { params: { id } });
  if (flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const exact = (await parseExactJson(answer.text)) as Pick<Job, "input" | "output">;
  const part = flags.input ? exact.input : exact.output;
  const job = answer.body();
  const isRemoved = job.payloadsRemovedAt !== null;
  if (flags.input || flags.output) {
    if (isRemoved) output.note(`Removed at ${output.time(job.payloadsRemovedAt)}.`);
    output.print(JSON.stringify(part, null, 2));
    return 0;
  }
  const deliveries = await client.call(listDeliveries, {
    query: { jobId: id, limit: MAX_DELIVERIES },
  });
  printJob(job, output);
  if (!isRemoved) printValue("Input", exact.input, output);
  if (!isRemoved && job.status === "completed") printValue("Output", exact.output, output);
  const { items } = deliveries.body();
  if (items.length > 0) {
    output.print(`\n${output.paint("bold", "Deliveries")}`);
    output.printTable(deliveryColumns(output, { ofOneJob: true }), items.toReversed());
  }
  return 0;
}

function printJob(job: Job, output: Output): void {
  const { waitingFor, progress, webhook } = job;
  printFields(
    [
      ["Job", job.jobId],
      ["Name", job.name],
      ["Status", job.status, job.status],
      ["Error", describeFailure(job), "failed"],
      ["Waits for", waitingFor && waitingFor.detail, "waiting"],
      ["Progress", progress && describeProgress(progress)],
      ["Submitted", output.time(job.createdAt)],
      ["Runs at", job.runAt === job.createdAt ? null : output.time(job.runAt)],
      ["Started", output.time(job.startedAt)],
      ["Took", durationOf(job, output.now)],
      ["Input and output removed", output.time(job.payloadsRemovedAt)],
      ["Priority", job.priority === 0 ? null : String(job.priority)],
      ["Tags", job.tags.length === 0 ? null : job.tags.join(", ")],
      ["Metadata", Object.keys(job.metadata).length === 0 ? null : JSON.stringify(job.metadata)],
      ["Schedule", job.schedule && `${job.schedule.key}, slot ${output.time(job.schedule.slot)}`],
      ["Webhook", webhook && `${webhook.url} (${webhook.on.join(", ")})`],
      ["URL", job.url],
    ],
    output,
  );
  output.print(`\n${output.paint("bold", "Steps")}`);
  output.printTable(
    [
      { title: "PLUGIN", text: (step) => step.plugin },
      { title: "STATUS", text: (step) => step.status, color: (step) => colorOf(step.status) },
      {
        title: "ATTEMPT",
        text: (step) => attemptOf(step, job.retry),
      },
      { title: "TOOK", text: (step) => durationOf(step, output.now) },
      { title: "ITEMS", text: (step) => String(step.metrics?.processedItems ?? "") },
      { title: "ERROR", text: (step) => describeFailure(step), isFlexible: true },
    ],
    job.steps,
  );
}

/** Most steps have one attempt, which is not worth a word. */
function attemptOf({ status, attempt, failedAttempts }: JobStep, retry: Job["retry"]): string {
  if (failedAttempts.length === 0 || attempt === 0) return "";
  const number = retry === null ? String(attempt) : `${attempt} of ${retry.attempts}`;
  return status === "pending" ? `${number} failed` : number;
}

function printValue(label: "Input" | "Output", value: unknown, output: Output): void {
  const text = JSON.stringify(value, null, 2);
  output.print(`\n${output.paint("bold", label)}`);
  output.print(
    text.length <= MAX_SHOWN_CHARACTERS
      ? toPrintableLines(text)
      : `${toSize(Buffer.byteLength(JSON.stringify(value)))}; --${label.toLowerCase()} prints it`,
  );
}
