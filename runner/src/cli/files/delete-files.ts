import { removeFile as route } from "../../http/contract/files.ts";
import type { Given } from "../command-contract.ts";
import type { deleteFiles as contract } from "../contract/files.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function deleteFiles(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.ID, {
    json: given.flags.json,
    act: (id) => client.call(route, { params: { id } }),
    describe: (id) => `Deleted ${id}.`,
  });
}
