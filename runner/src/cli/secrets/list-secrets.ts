import { listSecrets as route, type Secret } from "../../http/contract/secrets.ts";
import type { Given } from "../command-contract.ts";
import type { listSecrets as contract } from "../contract/secrets.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput, type Output } from "../output.ts";
import { connect } from "../remote/connect.ts";
import type { Column } from "../table.ts";

export async function listSecrets(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(route, {});
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { secrets } = answer.body();
  if (secrets.length === 0) {
    output.note("No plugin declares a secret, and none is set. `secrets set` sets one.");
  } else output.printTable(columns(output), secrets);
  return 0;
}

function columns(output: Output): readonly Column<Secret>[] {
  return [
    { title: "SECRET", text: ({ name }) => name },
    {
      title: "FROM",
      text: ({ source, variable }) => variable ?? source,
      color: ({ source }) => (source === "missing" ? "red" : "green"),
    },
    { title: "SET", text: ({ updatedAt }) => output.time(updatedAt) },
    { title: "PLUGINS", text: ({ plugins }) => plugins.join(", "), isFlexible: true },
  ];
}
