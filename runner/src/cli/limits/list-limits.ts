import { listLimits as route, type Limit } from "../../http/contract/limits.ts";
import type { Given } from "../command-contract.ts";
import type { listLimits as contract } from "../contract/limits.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput, type Output } from "../output.ts";
import { connect } from "../remote/connect.ts";
import type { Column } from "../table.ts";
import {
  describeQueued,
  describeNumbers,
  describePauseEnd,
  describeRate,
  describeRunning,
} from "./describe-limit.ts";

export async function listLimits(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(route, {});
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { limits } = answer.body();
  if (limits.length === 0) output.note("No plugin declares a limit.");
  else output.printTable(columns(output), limits);
  return 0;
}

function columns(output: Output): readonly Column<Limit>[] {
  return [
    { title: "LIMIT", text: ({ name }) => name },
    { title: "RUNNING", text: describeRunning },
    { title: "RATE", text: ({ numbers }) => describeRate(numbers) },
    {
      title: "PER KEY",
      text: ({ numbers: { perKey } }) => (perKey === null ? "" : describeNumbers(perKey)),
    },
    {
      title: "QUEUED",
      text: describeQueued,
      color: ({ queued }) => (queued > 0 ? "yellow" : null),
    },
    {
      title: "PAUSED UNTIL",
      text: ({ paused }) => describePauseEnd(paused, output),
      color: () => "yellow",
    },
    {
      title: "PAUSED KEYS",
      text: ({ pausedKeys }) => (pausedKeys.length === 0 ? "" : String(pausedKeys.length)),
      color: () => "yellow",
    },
    { title: "PLUGINS", text: ({ plugins }) => plugins.join(", "), isFlexible: true },
  ];
}
