import { listDestinations as route, type Destination } from "../../http/contract/destinations.ts";
import type { Given } from "../command-contract.ts";
import type { listDestinations as contract } from "../contract/deliveries.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";

export function listDestinations(given: Given<typeof contract>): Promise<number> {
  return printList(given, {
    columns,
    none: "No events have been sent yet.",
    read: (client, page) => client.call(route, { query: page }),
  });
}

function columns(output: Output): readonly Column<Destination>[] {
  return [
    { title: "DESTINATION", text: ({ destinationId }) => destinationId },
    { title: "CIRCUIT", text: ({ circuit }) => circuit, color: ({ circuit }) => colorOf(circuit) },
    { title: "BACKLOG", text: ({ backlog }) => String(backlog) },
    {
      title: "RATE",
      text: ({ ratePerSecond }) => (ratePerSecond === null ? "" : `${ratePerSecond}/s`),
    },
    { title: "NEXT TRY", text: ({ heldUntil }) => output.time(heldUntil) },
    { title: "TO", text: ({ origin, webhookId }) => origin ?? webhookId ?? "", isFlexible: true },
    {
      title: "WAITS FOR",
      text: ({ waitingFor, lastError }) => waitingFor?.detail ?? lastError ?? "",
      isFlexible: true,
    },
  ];
}
