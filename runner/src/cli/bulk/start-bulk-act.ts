import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { BadSetting } from "../../config.ts";
import { getBulkAct, startBulkAct as route, type BulkAct } from "../../http/contract/bulk-acts.ts";
import type { Given } from "../command-contract.ts";
import type { startBulkAct as contract } from "../contract/bulk.ts";
import { indentJson } from "../exact-json.ts";
import { toJobFilter } from "../jobs/to-job-filter.ts";
import { openOutput } from "../output.ts";
import type { Client } from "../remote/client.ts";
import { connect } from "../remote/connect.ts";
import { printBulkAct } from "./print-bulk-act.ts";

const POLL_MS = 250;

/** The exit code is 1 when the act failed on a job, or could not go on. */
export async function startBulkAct(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const act = given.arguments.ACT;
  const filter = toJobFilter(flags);
  if (Object.keys(filter).length === 0 && !flags.all) {
    throw new BadSetting(
      `bulk start ${act} needs a filter, such as --since 12h, or --all for all jobs.`,
    );
  }
  const asks = !flags["dry-run"] && !flags.yes;
  if (asks && !process.stdin.isTTY) {
    throw new BadSetting(`bulk start ${act} needs --yes, because there is no terminal to ask in.`);
  }
  const client = await connect(given);
  const output = openOutput();
  const start = async (dryRun: boolean): Promise<string> =>
    (await client.call(route, { body: { act, filter, dryRun } })).body().id;
  if (flags["dry-run"] || asks) {
    const counted = await untilEnded(client, await start(true));
    if (flags["dry-run"]) {
      output.print(
        flags.json ? await indentJson(counted.text) : `${toJobs(counted.act)} would be acted on.`,
      );
      return 0;
    }
    if (!(await isConfirmed(`${act} acts on ${toJobs(counted.act)}. Go on?`))) return 1;
  }
  const id = await start(false);
  if (flags.detach) {
    output.print(id);
    return 0;
  }
  const ended = await untilEnded(client, id);
  if (flags.json) output.print(await indentJson(ended.text));
  else printBulkAct(ended.act, output);
  return ended.act.failed > 0 || ended.act.state !== "done" ? 1 : 0;
}

async function untilEnded(client: Client, id: string): Promise<{ act: BulkAct; text: string }> {
  for (;;) {
    const answer = await client.call(getBulkAct, { params: { id } });
    const act = answer.body();
    if (act.state !== "running") return { act, text: answer.text };
    await sleep(POLL_MS);
  }
}

function toJobs({ matched }: BulkAct): string {
  return matched === 1 ? "1 job" : `${matched} jobs`;
}

async function isConfirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
