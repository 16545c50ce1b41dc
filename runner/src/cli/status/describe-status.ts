import type { Status } from "../../http/contract/status.ts";
import { toDuration, toSize } from "../amounts.ts";
import type { Field } from "../fields.ts";

/** Limits that are used less are not worth a line. */
const NEARLY_USED = 0.8;

/** What an operator looks at first. Zeros that are the normal case are left out. */
export function describeStatus(status: Status): readonly Field[] {
  const { threads, jobs, last24h, deliveries, webhooks, plugins, memory, database, disk } = status;
  return [
    ["Daemons", describeDaemons(status)],
    ["Threads", `${threads.busy} of ${threads.total} busy`],
    [
      "Jobs",
      counts([
        [jobs.running, "running"],
        [jobs.queued, "queued"],
        [jobs.scheduled, "of them scheduled for later", "if any"],
        [jobs.waiting, "of them waiting for a plugin", "if any"],
      ]),
    ],
    ["Oldest", describeOldest(status)],
    [
      "Jobs, 24 h",
      counts([
        [last24h.completed, "completed"],
        [last24h.failed, "failed"],
        [last24h.cancelled, "cancelled", "if any"],
      ]),
    ],
    [
      "Deliveries",
      counts([
        [deliveries.pending, "pending"],
        [deliveries.failed, "given up", "if any"],
      ]),
    ],
    ["Events, 24 h", describeDelivered(last24h)],
    [
      "Webhooks",
      counts([
        [webhooks.total, "registered"],
        [webhooks.paused, "paused", "if any"],
        [webhooks.off, "off", "if any"],
      ]),
    ],
    [
      "Plugins",
      counts([
        [plugins.total, "found"],
        [plugins.broken, "broken", "if any"],
      ]),
    ],
    ["Memory", `daemon ${toSize(memory.daemonBytes)}, plugins ${describeExecutor(memory)}`],
    ["Database", describeDatabase(database, disk)],
    ["Limits", describeLimits(status)],
  ];
}

/** Null if there is only the one that answers. */
function describeDaemons({ daemons }: Status): string | null {
  if (daemons.length < 2) return null;
  return daemons
    .map(({ host, processId, version, isThis, isUp }) => {
      const what = [`process ${processId}`, version, ...(isThis ? ["answers"] : [])];
      return `${host} (${what.join(", ")})${isUp ? "" : " is silent"}`;
    })
    .join("; ");
}

type Count = readonly [number: number, what: string, shown?: "if any"];

function counts(all: readonly Count[]): string {
  return all
    .filter(([number, , shown]) => shown === undefined || number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(", ");
}

function describeOldest({ jobs, now }: Status): string | null {
  if (jobs.oldestQueuedAt === null) return null;
  const ms = Math.max(0, Date.parse(now) - Date.parse(jobs.oldestQueuedAt));
  return `the next job has waited ${toDuration(ms)} for a thread`;
}

function describeDelivered(last24h: Status["last24h"]): string {
  const { delivered, deliveredFirstTry, deliveryFailed } = last24h;
  const share = delivered === 0 ? 0 : Math.floor((1000 * deliveredFirstTry) / delivered) / 10;
  const firstAttempt = delivered === 0 ? "" : `, ${share} % of them at the first attempt`;
  return `${delivered} delivered${firstAttempt}${deliveryFailed === 0 ? "" : `; ${deliveryFailed} given up`}`;
}

function describeExecutor({ executorBytes, executorLimitBytes }: Status["memory"]): string {
  const limit = executorLimitBytes === null ? "" : ` of ${toSize(executorLimitBytes)}`;
  return `${toSize(executorBytes)}${limit}`;
}

function describeDatabase(database: Status["database"], disk: Status["disk"]): string {
  const free = disk.freeBytes === null ? "" : `, ${toSize(disk.freeBytes)} free on the disk`;
  return `${toSize(database.bytes)}${free}`;
}

function describeLimits({ limits }: Status): string | null {
  const near = limits.filter(({ used, max }) => max > 0 && used / max >= NEARLY_USED);
  return near.map(({ name, used, max }) => `${used} of ${max} ${name}`).join(", ") || null;
}
