import { BadSetting } from "../../config.ts";
import type { SaveSchedule } from "../../http/contract/schedule.ts";
import { listNextSlots, saveSchedule } from "../../http/contract/schedules.ts";
import { parseDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { createSchedule as contract } from "../contract/schedules.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { readJsonFile } from "../read-json-file.ts";
import { connect } from "../remote/connect.ts";

export async function createSchedule(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const { cron, at, timezone, overlap } = flags;
  const everyMs = toMs("--every", flags.every);
  const jitterMs = toMs("--jitter", flags.jitter);
  const catchUpWindowMs = toMs("--catch-up-window", flags["catch-up-window"]);
  const body = {
    key: given.arguments.KEY,
    ...(cron !== undefined && { cron }),
    ...(everyMs !== undefined && { everyMs }),
    ...(at !== undefined && { at }),
    ...(timezone !== undefined && { timezone }),
    job: await readJob(flags),
    ...(overlap !== undefined && { overlap }),
    ...(flags["catch-up"] !== undefined && { catchUp: flags["catch-up"] }),
    ...(catchUpWindowMs !== undefined && { catchUpWindowMs }),
    ...(jitterMs !== undefined && { jitterMs }),
    ...(flags["pause-on-failures"] !== undefined && {
      pauseOnFailures: flags["pause-on-failures"],
    }),
  } as SaveSchedule;
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(saveSchedule, { body });
  if (flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { key } = answer.body();
  const next = await client.call(listNextSlots, { params: { key }, query: { n: 1 } });
  output.print(key);
  const [slot] = next.body().items;
  if (slot !== undefined) output.note(`Its next slot is ${slot.local}.`);
  return 0;
}

async function readJob(flags: Given<typeof contract>["flags"]): Promise<unknown> {
  const { plugin, input, name, job } = flags;
  if ((job !== undefined) === plugin.length > 0) {
    throw new BadSetting(
      "Give the job with --job, or with --plugin and --input, and not with both.",
    );
  }
  if (job !== undefined) return readJsonFile("--job", job, () => undefined);
  const given = await readJsonFile("--input", input, () => undefined);
  return {
    plugins: [...plugin],
    ...(given !== undefined && { input: given }),
    ...(name !== undefined && { name }),
  };
}

function toMs(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new BadSetting(
    `${flag} is ${JSON.stringify(text)}: it must be a duration such as 500ms, 90s, 30m, 2h or 7d.`,
  );
}
