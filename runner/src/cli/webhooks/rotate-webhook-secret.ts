import { rotateWebhookSecret as route } from "../../http/contract/webhooks.ts";
import type { Given } from "../command-contract.ts";
import type { rotateWebhookSecret as contract } from "../contract/webhooks.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";

export async function rotateWebhookSecret(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(route, { params: { id: given.arguments.WEBHOOK } });
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { id, secret } = answer.body();
  output.note(
    `Webhook ${id} has a new secret, shown only this once. The old one signs too for 24 hours:`,
  );
  output.print(secret);
  return 0;
}
