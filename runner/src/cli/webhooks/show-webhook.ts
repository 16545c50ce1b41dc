import { getWebhook } from "../../http/contract/webhooks.ts";
import { toDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { showWebhook as contract } from "../contract/webhooks.ts";
import { indentJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";
import { describeEvents, describeFilter } from "./describe-webhook.ts";

export async function showWebhook(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput(given.flags);
  const answer = await client.call(getWebhook, { params: { id: given.arguments.WEBHOOK } });
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const webhook = answer.body();
  const { ratePerSecond, clientCertificate } = webhook;
  printFields(
    [
      ["Webhook", webhook.id],
      ["State", webhook.state, webhook.state],
      ["Reason", webhook.reason, webhook.state],
      ["Fails since", output.time(webhook.failingSince), "failed"],
      ["URL", webhook.url],
      ["Events", describeEvents(webhook)],
      ["Jobs", describeFilter(webhook)],
      ["Headers", Object.keys(webhook.headers).join(", ")],
      ["Retries", String(webhook.retries)],
      ["Time limit", toDuration(webhook.timeoutMs)],
      ["Certificate", webhook.verifyTls ? null : "not checked", "failed"],
      ["Client certificate", clientCertificate?.subject ?? null],
      ["Certificate issuer", clientCertificate?.issuer ?? null],
      ["Certificate SHA-256", clientCertificate?.fingerprint256 ?? null],
      ["Certificate expires", output.time(clientCertificate?.validUntil ?? null)],
      ["Rate", ratePerSecond === null ? null : `${ratePerSecond} per second`],
      ["Expires", output.time(webhook.expiresAt)],
      [
        "Old secret",
        webhook.previousSecretUntil &&
          `signs too, until ${output.time(webhook.previousSecretUntil)}`,
      ],
      ["Created", output.time(webhook.createdAt)],
      ["Changed", output.time(webhook.updatedAt)],
    ],
    output,
  );
  return 0;
}
