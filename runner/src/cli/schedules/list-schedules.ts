import type { Schedule } from "../../http/contract/schedule.ts";
import { listSchedules as route } from "../../http/contract/schedules.ts";
import type { Given } from "../command-contract.ts";
import type { listSchedules as contract } from "../contract/schedules.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import { colorOf } from "../state-color.ts";
import type { Column } from "../table.ts";
import { describeTiming } from "./describe-schedule.ts";

export function listSchedules(given: Given<typeof contract>): Promise<number> {
  return printList(given, {
    columns,
    none: "There are no schedules. `schedules create` makes one.",
    read: (client, page) => client.call(route, { query: page }),
  });
}

function columns(output: Output): readonly Column<Schedule>[] {
  return [
    { title: "SCHEDULE", text: ({ key }) => key },
    { title: "STATE", text: ({ state }) => state, color: ({ state }) => colorOf(state) },
    { title: "WHEN", text: describeTiming, isFlexible: true },
    { title: "NEXT", text: ({ nextDueAt }) => output.time(nextDueAt) },
    { title: "LAST", text: ({ lastSlot }) => output.time(lastSlot?.decidedAt ?? null) },
    {
      title: "RESULT",
      text: ({ lastSlot }) => [lastSlot?.state, lastSlot?.jobState].filter(Boolean).join(", "),
    },
    { title: "REASON", text: ({ reason }) => reason ?? "", isFlexible: true },
  ];
}
