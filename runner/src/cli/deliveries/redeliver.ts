import { redeliver as route } from "../../http/contract/deliveries.ts";
import type { Given } from "../command-contract.ts";
import type { redeliver as contract } from "../contract/deliveries.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function redeliver(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.DELIVERY, {
    json: given.flags.json,
    act: (id) => client.call(route, { params: { id } }),
    describe: (id) => `Sending ${id} again.`,
  });
}
