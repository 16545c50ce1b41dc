import { removeWebhook, updateWebhook } from "../../http/contract/webhooks.ts";
import type { Given } from "../command-contract.ts";
import type * as contract from "../contract/webhooks.ts";
import { connect } from "../remote/connect.ts";
import { forEachId } from "../remote/for-each-id.ts";

export async function removeWebhooks(
  given: Given<typeof contract.removeWebhooks>,
): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.WEBHOOK, {
    json: given.flags.json,
    act: (id) => client.call(removeWebhook, { params: { id } }),
    describe: (id) => `Removed ${id}.`,
  });
}

export function pauseWebhooks(given: Given<typeof contract.pauseWebhooks>): Promise<number> {
  return setState(given, { state: "paused", done: "Paused" });
}

export function resumeWebhooks(given: Given<typeof contract.resumeWebhooks>): Promise<number> {
  return setState(given, { state: "active", done: "Resumed" });
}

async function setState(
  given: Given<typeof contract.pauseWebhooks>,
  { state, done }: { state: "active" | "paused"; done: string },
): Promise<number> {
  const client = await connect(given);
  return forEachId(given.arguments.WEBHOOK, {
    json: given.flags.json,
    act: (id) => client.call(updateWebhook, { params: { id }, body: { state } }),
    describe: (id) => `${done} ${id}.`,
  });
}
