import { recoverDestination as destinationRoute } from "../../http/contract/destinations.ts";
import { recoverWebhook as webhookRoute } from "../../http/contract/webhooks.ts";
import type { Given } from "../command-contract.ts";
import type { recoverDestination as destinationContract } from "../contract/deliveries.ts";
import type { recoverWebhook as webhookContract } from "../contract/webhooks.ts";
import { openOutput } from "../output.ts";
import { requireTime } from "../require-time.ts";
import { connect } from "./connect.ts";

export function recoverWebhook(given: Given<typeof webhookContract>): Promise<number> {
  return recover(given, { id: given.arguments.WEBHOOK, route: webhookRoute });
}

export function recoverDestination(given: Given<typeof destinationContract>): Promise<number> {
  return recover(given, { id: given.arguments.DESTINATION, route: destinationRoute });
}

/** The daemon recovers a part with each request, until there are no more. */
async function recover(
  given: Given<typeof webhookContract> | Given<typeof destinationContract>,
  { id, route }: { id: string; route: typeof webhookRoute | typeof destinationRoute },
): Promise<number> {
  const since = requireTime("--since", given.flags.since);
  const client = await connect(given);
  const output = openOutput();
  let total = 0;
  for (let more = true; more;) {
    const answer = (await client.call(route, { params: { id }, body: { since } })).body();
    total += answer.recovered;
    more = answer.more;
  }
  output.print(
    given.flags.json
      ? JSON.stringify({ recovered: total, more: false }, null, 2)
      : `Sending ${total} deliveries to ${id} again.`,
  );
  return 0;
}
