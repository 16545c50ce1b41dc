import type { z } from "zod";
import type { NextSlot } from "../../http/contract/schedule.ts";
import { listNextSlots } from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type { nextSlots as contract } from "../contract/schedules.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput, type Output } from "../output.ts";
import { connect } from "../remote/connect.ts";
import type { Column } from "../table.ts";

const DEFAULT_SLOTS = 5;

export async function nextSlots(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(listNextSlots, {
    params: { key: given.arguments.KEY },
    query: { n: given.flags.limit ?? DEFAULT_SLOTS },
  });
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { items } = answer.body();
  if (items.length === 0) output.note("No slot is to come.");
  else output.printTable(columns(output), items);
  return 0;
}

function columns(output: Output): readonly Column<z.infer<typeof NextSlot>>[] {
  return [
    { title: "SLOT", text: ({ local }) => local },
    { title: "RUNS", text: ({ dueAt }) => output.time(dueAt) },
  ];
}
