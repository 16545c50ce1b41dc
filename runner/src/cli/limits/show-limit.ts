import { getLimit, type Limit } from "../../http/contract/limits.ts";
import type { Given } from "../command-contract.ts";
import type { showLimit as contract } from "../contract/limits.ts";
import { indentJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput, type Output } from "../output.ts";
import { connect } from "../remote/connect.ts";
import type { Column } from "../table.ts";
import {
  describeAll,
  describeCount,
  describeNumbers,
  describePauseEnd,
  describeQueued,
  describeRate,
  describeRunning,
} from "./describe-limit.ts";

export async function showLimit(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(getLimit, { params: { name: given.arguments.NAME } });
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const limit = answer.body();
  const { numbers, paused } = limit;
  printFields(
    [
      ["Limit", limit.name],
      ["Plugins", limit.plugins.join(", ")],
      ["Running", describeRunning(limit)],
      ["Rate", describeRate(numbers)],
      ["Per key", numbers.perKey === null ? null : describeNumbers(numbers.perKey)],
      ["Declared", limit.override === null ? null : describeAll(limit.declared)],
      ["Changed", output.time(limit.overriddenAt)],
      ["Changed by", limit.overriddenBy],
      ["Queued", describeQueued(limit)],
      ["Paused", output.time(paused?.since ?? null), "paused"],
      ["Paused by", paused?.by ?? null],
      ["Paused until", describePauseEnd(paused, output)],
    ],
    output,
  );
  const keys = keysOf(limit);
  if (keys.length > 0) {
    output.print("");
    output.printTable(columns(output), keys);
  }
  return 0;
}

interface KeyRow {
  readonly key: string;
  readonly queued: number | null;
  readonly pause: Limit["pausedKeys"][number] | undefined;
}

/** Those with the most jobs first, then those that are paused and not among them. */
function keysOf({ waitingKeys, pausedKeys }: Limit): KeyRow[] {
  const pauses = new Map(pausedKeys.map((pause) => [pause.key, pause]));
  const waiting = waitingKeys.map(({ key, queued }) => ({ key, queued, pause: pauses.get(key) }));
  for (const { key } of waiting) pauses.delete(key);
  return [...waiting, ...[...pauses].map(([key, pause]) => ({ key, queued: null, pause }))];
}

function columns(output: Output): readonly Column<KeyRow>[] {
  return [
    { title: "KEY", text: ({ key }) => key },
    { title: "QUEUED", text: ({ queued }) => (queued === null ? "" : describeCount(queued)) },
    {
      title: "PAUSED UNTIL",
      text: ({ pause }) => describePauseEnd(pause, output),
      color: () => "yellow",
    },
    { title: "PAUSED BY", text: ({ pause }) => pause?.by ?? "" },
  ];
}
