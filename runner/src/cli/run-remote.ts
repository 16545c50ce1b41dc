import { listEvents, StepProgress } from "../http/contract/events.ts";
import { getJob, submitJob } from "../http/contract/jobs.ts";
import { getPlugin, type Plugin } from "../http/contract/plugins.ts";
import { ownCommand } from "../config.ts";
import type { Given } from "./command-contract.ts";
import type { run as contract } from "./contract/plugins.ts";
import { parseExactJson } from "./exact-json.ts";
import { describeFailure } from "./jobs/describe-job.ts";
import { toJobKeys } from "./job-keys.ts";
import { openOutput, type Output } from "./output.ts";
import { printLog, printProgress } from "./print-run.ts";
import { readJsonFile } from "./read-json-file.ts";
import { toRetry } from "./to-retry.ts";
import type { Client } from "./remote/client.ts";
import { connect } from "./remote/connect.ts";
import { followLogs } from "./remote/follow-logs.ts";
import { followStream } from "./remote/follow-stream.ts";

const INTERRUPTED = 130;

/** Submits a job to a running daemon, follows it, and prints its output. The exit code is 1 when it fails. */
export async function runRemote(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const name = given.arguments.PLUGIN;
  const retry = toRetry(flags);
  const client = await connect(given);
  const output = openOutput();
  // Its options belong to its input.
  const example = flags.input === undefined ? await readExample(client, name) : null;
  const { jobId, deduplicated, debounced } = (
    await client.call(submitJob, {
      body: {
        plugins: [
          { name, options: await readJsonFile("--options", flags.options, () => example?.options) },
        ],
        input: await readJsonFile("--input", flags.input, () => example?.input),
        ...(flags.name !== undefined && { name: flags.name }),
        ...(flags.tag.length > 0 && { tags: [...flags.tag] }),
        ...(retry !== undefined && { retry }),
        ...toJobKeys(flags),
      },
    })
  ).body();
  if (deduplicated) output.note(`job ${jobId} has the key already`);
  if (debounced) output.note(`the request was merged into job ${jobId}`);
  if (flags.detach) {
    output.print(jobId);
    return 0;
  }
  output.note(`job ${jobId}`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal);
  try {
    await follow(client, { jobId, signal: stop.signal });
    if (!stop.signal.aborted) return await printResult(client, { jobId, output });
    const command = ownCommand();
    output.note(
      `The job goes on. \`${command} jobs logs -f ${jobId}\` follows it, and \`${command} jobs cancel ${jobId}\` ends it.`,
    );
    return INTERRUPTED;
  } finally {
    process.off("SIGINT", onSignal);
  }
}

/** As the daemon sent it, so that its numbers stay as they are. */
async function readExample(client: Client, name: string): Promise<Plugin["example"]> {
  const { text } = await client.call(getPlugin, { params: { name } });
  return ((await parseExactJson(text)) as Plugin).example;
}

async function follow(
  client: Client,
  { jobId, signal }: { readonly jobId: string; readonly signal: AbortSignal },
): Promise<void> {
  await Promise.all([
    followLogs(client, { jobId, signal, onLine: printLog }),
    followStream(client, {
      route: listEvents,
      id: jobId,
      signal,
      onFrame({ event, data }) {
        if (event === "step-progress") printProgress(StepProgress.parse(JSON.parse(data)));
      },
    }),
  ]);
}

async function printResult(
  client: Client,
  { jobId, output }: { readonly jobId: string; readonly output: Output },
): Promise<number> {
  const answer = await client.call(getJob, { params: { id: jobId } });
  const job = answer.body();
  if (job.status !== "completed") {
    output.note(describeFailure(job));
    return 1;
  }
  for (const { metrics } of job.steps) {
    if (metrics !== null) output.note(`metrics ${JSON.stringify(metrics)}`);
  }
  const exact = (await parseExactJson(answer.text)) as { output: unknown };
  output.print(JSON.stringify(exact.output, null, 2));
  return 0;
}
