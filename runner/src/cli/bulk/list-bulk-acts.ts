import { listBulkActs as route, type BulkAct } from "../../http/contract/bulk-acts.ts";
import type { Given } from "../command-contract.ts";
import type { listBulkActs as contract } from "../contract/bulk.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";
import { describeCounts } from "./print-bulk-act.ts";

export function listBulkActs(given: Given<typeof contract>): Promise<number> {
  return printList(given, {
    columns,
    none: "There are no bulk acts.",
    read: (client, page) => client.call(route, { query: page }),
  });
}

function columns(output: Output): readonly Column<BulkAct>[] {
  return [
    { title: "BULK ACT", text: ({ id }) => id },
    { title: "STATE", text: ({ state }) => state, color: ({ state }) => colorOf(state) },
    { title: "ACT", text: ({ act, dryRun }) => (dryRun ? `${act} (dry run)` : act) },
    { title: "STARTED", text: ({ createdAt }) => output.time(createdAt) },
    { title: "JOBS", text: describeCounts, isFlexible: true },
    { title: "TOKEN", text: ({ token }) => token ?? "", isFlexible: true },
  ];
}
