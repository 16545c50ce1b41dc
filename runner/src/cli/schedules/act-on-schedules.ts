import {
  pauseSchedule,
  removeSchedule,
  resumeSchedule,
  runSchedule as runRoute,
} from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type * as contract from "../contract/schedules.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function pauseSchedules(
  given: Given<typeof contract.pauseSchedules>,
): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.KEY, {
    json: given.flags.json,
    act: (key) => client.call(pauseSchedule, { params: { key } }),
    describe: (key) => `Paused ${key}.`,
  });
}

export async function resumeSchedules(
  given: Given<typeof contract.resumeSchedules>,
): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.KEY, {
    json: given.flags.json,
    act: (key) => client.call(resumeSchedule, { params: { key } }),
    describe: (key) => `Resumed ${key}.`,
  });
}

export async function deleteSchedules(
  given: Given<typeof contract.deleteSchedules>,
): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.KEY, {
    json: given.flags.json,
    act: (key) => client.call(removeSchedule, { params: { key } }),
    describe: (key) => `Deleted ${key}.`,
  });
}

export async function runSchedule(given: Given<typeof contract.runSchedule>): Promise<number> {
  const client = await connect(given);
  return forEachId([given.arguments.KEY], {
    json: given.flags.json,
    act: (key) => client.call(runRoute, { params: { key } }),
    describe: (_key, answer) => answer.body().jobId,
  });
}
