import { getSchedule, listScheduleSlots } from "../../http/contract/schedules.ts";
import { toDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { showSchedule as contract } from "../contract/schedules.ts";
import { indentJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";
import { describeTiming, slotColumns } from "./describe-schedule.ts";

const DEFAULT_SLOTS = 10;

export async function showSchedule(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const params = { key: given.arguments.KEY };
  const answer = await client.call(getSchedule, { params });
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const schedule = answer.body();
  const { jitterMs, pauseOnFailures } = schedule;
  printFields(
    [
      ["Schedule", schedule.key],
      ["State", schedule.state, schedule.state],
      ["Reason", schedule.reason, schedule.state],
      ["Paused", output.time(schedule.pausedAt)],
      ["When", describeTiming(schedule)],
      ["Time zone", schedule.timezone],
      ["Starts", output.time(schedule.startAt)],
      ["Ends", output.time(schedule.endAt)],
      ["Next", output.time(schedule.nextDueAt)],
      ["Plugins", schedule.job.plugins.map(({ name }) => name).join(", ")],
      ["Tags", schedule.job.tags.join(", ")],
      ["Overlap", schedule.overlap],
      ["Catch-up", `${schedule.catchUp}, up to ${toDuration(schedule.catchUpWindowMs)}`],
      ["Jitter", jitterMs === 0 ? null : `up to ${toDuration(jitterMs)}`],
      [
        "Failures",
        pauseOnFailures === null
          ? String(schedule.failures)
          : `${schedule.failures} in a row; ${pauseOnFailures} pause it`,
      ],
      ["Created", output.time(schedule.createdAt)],
      ["Changed", output.time(schedule.updatedAt)],
    ],
    output,
  );
  const limit = Math.min(given.flags.limit ?? DEFAULT_SLOTS, 500);
  const slots = (await client.call(listScheduleSlots, { params, query: { limit } })).body().items;
  if (slots.length > 0) {
    output.print("");
    output.printTable(slotColumns(output), slots);
  }
  return 0;
}
