import { BadSetting } from "../../config.ts";
import {
  overrideLimit,
  pauseLimit as pauseRoute,
  resetLimit as resetRoute,
  resumeLimit as resumeRoute,
  type Limit,
} from "../../http/contract/limits.ts";
import { parseDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type * as contract from "../contract/limits.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import type { Answer } from "../remote/client.ts";
import { connect } from "../remote/connect.ts";
import { describeAll } from "./describe-limit.ts";

export async function setLimit(given: Given<typeof contract.setLimit>): Promise<number> {
  const { NAME: name } = given.arguments;
  const { concurrency, rate, burst, json, ...flags } = given.flags;
  const all = { concurrency, rate, burst };
  const perKey = {
    concurrency: flags["key-concurrency"],
    rate: flags["key-rate"],
    burst: flags["key-burst"],
  };
  const body = {
    ...all,
    perKey: isGiven(perKey) ? perKey : undefined,
    maxQueued: flags["max-queued"],
  };
  if (!isGiven(body)) {
    throw new BadSetting(
      "Nothing is to be set: give a flag such as --concurrency, --rate or --key-rate. `limits reset` removes what was set.",
    );
  }
  const client = await connect(given);
  const answer = await client.call(overrideLimit, { params: { name }, body });
  return print(answer, json, ({ numbers }) => `Set ${name}: ${describeAll(numbers)}.`);
}

export async function resetLimit(given: Given<typeof contract.resetLimit>): Promise<number> {
  const { NAME: name } = given.arguments;
  const client = await connect(given);
  const answer = await client.call(resetRoute, { params: { name } });
  return print(
    answer,
    given.flags.json,
    ({ numbers }) => `Reset ${name}: ${describeAll(numbers)}.`,
  );
}

export async function pauseLimit(given: Given<typeof contract.pauseLimit>): Promise<number> {
  const { NAME: name } = given.arguments;
  const { key, until, json, for: span } = given.flags;
  if (span !== undefined && until !== undefined) {
    throw new BadSetting(
      "--for and --until are given: give one of them, or neither to pause until it is resumed.",
    );
  }
  const body = { key, until, forMs: span === undefined ? undefined : toMs(span) };
  const client = await connect(given);
  const answer = await client.call(pauseRoute, { params: { name }, body });
  return print(answer, json, () => `Paused ${describePlace(name, key)}.`);
}

export async function resumeLimit(given: Given<typeof contract.resumeLimit>): Promise<number> {
  const { NAME: name } = given.arguments;
  const { key, json } = given.flags;
  const client = await connect(given);
  const answer = await client.call(resumeRoute, { params: { name }, body: { key } });
  return print(answer, json, () => `Resumed ${describePlace(name, key)}.`);
}

async function print(
  answer: Answer<Limit>,
  json: boolean,
  describe: (limit: Limit) => string,
): Promise<number> {
  openOutput().print(json ? await indentJson(answer.text) : describe(answer.body()));
  return 0;
}

function isGiven(fields: object): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}

function toMs(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new BadSetting(
    `--for is ${JSON.stringify(text)}: it must be a duration such as 90s, 30m, 2h or 7d.`,
  );
}

function describePlace(name: string, key: string | undefined): string {
  return key === undefined ? name : `${key} of ${name}`;
}
