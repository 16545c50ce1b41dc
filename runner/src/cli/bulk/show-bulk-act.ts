import { getBulkAct } from "../../http/contract/bulk-acts.ts";
import type { Given } from "../command-contract.ts";
import type { showBulkAct as contract } from "../contract/bulk.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";
import { printBulkAct } from "./print-bulk-act.ts";

export async function showBulkAct(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(getBulkAct, { params: { id: given.arguments.BULK } });
  if (given.flags.json) output.print(await indentJson(answer.text));
  else printBulkAct(answer.body(), output);
  return 0;
}
