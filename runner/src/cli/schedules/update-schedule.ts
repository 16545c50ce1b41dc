import { BadSetting } from "../../config.ts";
import type { UpdateSchedule } from "../../http/contract/schedule.ts";
import { updateSchedule as route } from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type { updateSchedule as contract } from "../contract/schedules.ts";
import { readJsonFile } from "../read-json-file.ts";
import { connect } from "../remote/connect.ts";
import { toRetry } from "../to-retry.ts";
import { printSaved } from "./print-saved.ts";
import { givenOf, toSettings } from "./schedule-settings.ts";

export async function updateSchedule(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const body: UpdateSchedule = givenOf({ ...toSettings(flags), job: await readJob(flags) });
  if (Object.keys(body).length === 0) {
    throw new BadSetting("Nothing is to change: give a flag such as --cron, --overlap or --input.");
  }
  const client = await connect(given);
  const { KEY: key } = given.arguments;
  return printSaved(await client.call(route, { params: { key }, body }), { client, flags });
}

async function readJob(flags: Given<typeof contract>["flags"]): Promise<UpdateSchedule["job"]> {
  const { plugin, input, name, job } = flags;
  const retry = toRetry(flags);
  const isOther = [plugin[0], input, name, retry].some((value) => value !== undefined);
  if (job !== undefined && isOther) {
    throw new BadSetting(
      "Give what changes of the job with --job, or with --plugin, --input, --name and --attempts, and not with both.",
    );
  }
  if (job !== undefined) {
    return (await readJsonFile("--job", job, () => undefined)) as UpdateSchedule["job"];
  }
  if (!isOther) return undefined;
  return givenOf({
    plugins: plugin.length > 0 ? [...plugin] : undefined,
    input: await readJsonFile("--input", input, () => undefined),
    name,
    retry,
  });
}
