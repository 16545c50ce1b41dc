import type { Schedule, ScheduleSlot } from "../../http/contract/schedule.ts";
import { toDuration } from "../amounts.ts";
import type { Output } from "../output.ts";
import type { Column } from "../table.ts";
import { colorOf } from "../state-color.ts";

export function describeTiming({ cron, everyMs, at, timezone }: Schedule): string {
  if (cron !== null) return `${cron} (${timezone})`;
  if (everyMs !== null) return `every ${toDuration(everyMs)}`;
  return `at ${at}`;
}

export function slotColumns(output: Output): readonly Column<ScheduleSlot>[] {
  return [
    { title: "SLOT", text: ({ local }) => local },
    { title: "STATE", text: ({ state }) => state, color: ({ state }) => colorOf(state) },
    { title: "DECIDED", text: ({ decidedAt }) => output.time(decidedAt) },
    { title: "BY", text: ({ manual }) => (manual ? "request" : "") },
    { title: "JOB", text: ({ jobId }) => jobId ?? "" },
    {
      title: "RESULT",
      text: ({ jobState }) => jobState ?? "",
      color: ({ jobState }) => (jobState === "open" ? "cyan" : colorOf(jobState ?? "")),
    },
    { title: "REASON", text: ({ detail }) => detail ?? "", isFlexible: true },
  ];
}
