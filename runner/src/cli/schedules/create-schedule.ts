import { BadSetting } from "../../config.ts";
import type { SaveSchedule } from "../../http/contract/schedule.ts";
import { saveSchedule } from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type { createSchedule as contract } from "../contract/schedules.ts";
import { readJsonFile } from "../read-json-file.ts";
import { connect } from "../remote/connect.ts";
import { toRetry } from "../to-retry.ts";
import { printSaved } from "./print-saved.ts";
import { givenOf, toSettings } from "./schedule-settings.ts";

export async function createSchedule(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const body = {
    key: given.arguments.KEY,
    ...toSettings(flags),
    job: await readJob(flags),
  } as SaveSchedule;
  const client = await connect(given);
  return printSaved(await client.call(saveSchedule, { body }), { client, flags });
}

async function readJob(flags: Given<typeof contract>["flags"]): Promise<unknown> {
  const { plugin, input, name, job } = flags;
  const retry = toRetry(flags);
  if ((job !== undefined) === plugin.length > 0 || (job !== undefined && retry !== undefined)) {
    throw new BadSetting(
      "Give the job with --job, or with --plugin, --input and --attempts, and not with both.",
    );
  }
  if (job !== undefined) return readJsonFile("--job", job, () => undefined);
  return givenOf({
    plugins: [...plugin],
    input: await readJsonFile("--input", input, () => undefined),
    name,
    retry,
  });
}
