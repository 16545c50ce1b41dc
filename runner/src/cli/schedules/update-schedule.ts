import { BadSetting } from "../../config.ts";
import type { UpdateSchedule } from "../../http/contract/schedule.ts";
import { updateSchedule as route } from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type { updateSchedule as contract } from "../contract/schedules.ts";
import { readJsonFile } from "../read-json-file.ts";
import { connect } from "../remote/connect.ts";
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

async function readJob({
  plugin,
  input,
  name,
  job,
}: Given<typeof contract>["flags"]): Promise<UpdateSchedule["job"]> {
  const isOther = plugin.length > 0 || input !== undefined || name !== undefined;
  if (job !== undefined && isOther) {
    throw new BadSetting(
      "Give what changes of the job with --job, or with --plugin, --input and --name, and not with both.",
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
  });
}
