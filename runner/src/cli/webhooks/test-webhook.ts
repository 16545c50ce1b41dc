import { testWebhook as route } from "../../http/contract/webhooks.ts";
import { toDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { testWebhook as contract } from "../contract/webhooks.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";

/** The exit code is 1 when the endpoint did not accept a sample. */
export async function testWebhook(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(route, { params: { id: given.arguments.WEBHOOK } });
  const { results } = answer.body();
  if (given.flags.json) {
    output.print(await indentJson(answer.text));
  } else {
    output.printTable(
      [
        { title: "EVENT", text: ({ event }) => event },
        {
          title: "RESULT",
          text: ({ ok }) => (ok ? "accepted" : "refused"),
          color: ({ ok }) => (ok ? "green" : "red"),
        },
        { title: "STATUS", text: ({ status }) => String(status ?? "") },
        { title: "TOOK", text: ({ durationMs }) => toDuration(durationMs) },
        { title: "RESPONSE", text: ({ response }) => response ?? "", isFlexible: true },
        { title: "ERROR", text: ({ error }) => error ?? "", isFlexible: true },
      ],
      results,
    );
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}
