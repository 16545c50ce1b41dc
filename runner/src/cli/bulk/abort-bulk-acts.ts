import { abortBulkAct } from "../../http/contract/bulk-acts.ts";
import type { Given } from "../command-contract.ts";
import type { abortBulkActs as contract } from "../contract/bulk.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function abortBulkActs(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.BULK, {
    json: given.flags.json,
    act: (id) => client.call(abortBulkAct, { params: { id } }),
    describe: (id) => `Aborted ${id}.`,
  });
}
