import type { Webhook } from "../../http/contract/webhook.ts";
import { listWebhooks as route } from "../../http/contract/webhooks.ts";
import type { Given } from "../command-contract.ts";
import type { listWebhooks as contract } from "../contract/webhooks.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";
import { describeEvents, describeFilter } from "./describe-webhook.ts";

export function listWebhooks(given: Given<typeof contract>): Promise<number> {
  return printList(given, {
    columns,
    none: "There are no persistent webhooks. `webhooks add` registers one.",
    read: (client, page) => client.call(route, { query: page }),
  });
}

function columns(output: Output): readonly Column<Webhook>[] {
  return [
    { title: "WEBHOOK", text: ({ id }) => id },
    { title: "STATE", text: ({ state }) => state, color: ({ state }) => colorOf(state) },
    { title: "FAILS SINCE", text: ({ failingSince }) => output.time(failingSince) },
    { title: "EVENTS", text: describeEvents, isFlexible: true },
    { title: "JOBS", text: describeFilter, isFlexible: true },
    { title: "URL", text: ({ url }) => url, isFlexible: true },
    { title: "REASON", text: ({ reason }) => reason ?? "", isFlexible: true },
  ];
}
