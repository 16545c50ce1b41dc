import { getStatus, type Status } from "../../http/contract/status.ts";
import { toDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { status as contract } from "../contract/status.ts";
import { indentJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput, type Output } from "../output.ts";
import { toPrintable } from "../printable.ts";
import { connect } from "../remote/connect.ts";
import { describeStatus } from "./describe-status.ts";

/** The exit code is 1 when one of the problems is an error. */
export async function status(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(getStatus);
  const state = answer.body();
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
  } else {
    const up = toDuration(Date.parse(state.now) - Date.parse(state.startedAt));
    output.print(`Playground ${state.version} at ${client.url}, up for ${up}\n`);
    printFields(describeStatus(state), output);
    printProblems(state, output);
  }
  return state.problems.some(({ severity }) => severity === "error") ? 1 : 0;
}

function printProblems({ problems }: Status, output: Output): void {
  output.print(problems.length === 0 ? `\n${output.paint("green", "No problems.")}` : "");
  for (const { severity, message, since, until } of problems) {
    const color = severity === "error" ? "red" : "yellow";
    const times = [
      since === null ? "" : ` It began ${output.time(since)}.`,
      until === null ? "" : ` The next try is ${output.time(until)}.`,
    ];
    output.print(`${output.paint(color, severity)}: ${toPrintable(message + times.join(""))}`);
  }
}
