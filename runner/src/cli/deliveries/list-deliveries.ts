import { listDeliveries as route } from "../../http/contract/deliveries.ts";
import type { Given } from "../command-contract.ts";
import type { listDeliveries as contract } from "../contract/deliveries.ts";
import { printList } from "../remote/print-list.ts";
import { deliveryColumns } from "./delivery-columns.ts";

export function listDeliveries(given: Given<typeof contract>): Promise<number> {
  const { state, job, batch, webhook } = given.flags;
  return printList(given, {
    columns: (output) => deliveryColumns(output, { ofOneJob: job !== undefined }),
    none: "No deliveries match.",
    read: (client, page) =>
      client.call(route, {
        query: { state, jobId: job, batchId: batch, webhookId: webhook, ...page },
      }),
  });
}
