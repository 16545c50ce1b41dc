import { findProblems, type Problem } from "../../domain/problem.ts";
import type { EngineStatus, Limit } from "../../engine/status/read-status.ts";
import { VERSION } from "../../version.ts";
import type { Status } from "../contract/status.ts";

export function statusView(
  status: EngineStatus,
  { notReady, limits }: { notReady: readonly string[]; limits: readonly Limit[] },
): Status {
  const { counts, queue, memory, database } = status;
  const { jobs, deliveries, webhooks } = counts;
  return {
    version: VERSION,
    startedAt: toIso(status.startedAt),
    now: toIso(status.now),
    threads: status.threads,
    jobs: {
      queued: jobs.queued,
      running: jobs.running,
      scheduled: queue.scheduled,
      waiting: queue.waiting.reduce((sum, each) => sum + each.jobs, 0),
      oldestQueuedAt: toIsoOrNull(queue.oldestReadyAt),
    },
    last24h: status.lastDay,
    deliveries: { pending: deliveries.due + deliveries.waiting, failed: deliveries.dead },
    webhooks: {
      total: webhooks.active + webhooks.paused + webhooks.off,
      off: webhooks.off,
      paused: webhooks.paused,
    },
    plugins: status.plugins,
    destinations: { behind: status.behind },
    memory,
    database,
    disk: { freeBytes: status.diskFreeBytes },
    limits: [...status.limits, ...limits],
    daemons: status.daemons.map((daemon) => ({
      ...daemon,
      plugins: [...daemon.plugins],
      startedAt: toIso(daemon.startedAt),
    })),
    problems: findProblems({ ...status.facts, notReady }).map(problemView),
  };
}

function problemView(problem: Problem): Status["problems"][number] {
  const { since, until } = problem;
  return { ...problem, since: toIsoOrNull(since), until: toIsoOrNull(until) };
}

function toIso(instant: number): string {
  return new Date(instant).toISOString();
}

function toIsoOrNull(instant: number | null): string | null {
  return instant === null ? null : toIso(instant);
}
