import { removeSecret } from "../../http/contract/secrets.ts";
import type { Given } from "../command-contract.ts";
import type { removeSecrets as contract } from "../contract/secrets.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function removeSecrets(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.NAME, {
    json: given.flags.json,
    act: (name) => client.call(removeSecret, { params: { name } }),
    describe: (name) => `Removed ${name}.`,
  });
}
