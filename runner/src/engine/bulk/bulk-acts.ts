/** Starts, shows and aborts bulk acts. bulk-loop.ts runs them. */
import { ACTS_ON, MAX_RUNNING_BULK_ACTS, type BulkActName } from "../../domain/bulk-act.ts";
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Ids } from "../../ports/ids.ts";
import type { Log } from "../../ports/log.ts";
import type { StoredBulkAct } from "../../ports/store/bulk-acts.ts";
import type { JobFilter } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { Messages } from "../bus/messages.ts";

export interface BulkRequest {
  readonly act: BulkActName;
  readonly dryRun: boolean;
  /** The name of the token of the request; null for the daemon's own. */
  readonly by: string | null;
  /** The jobs to act on: their ids, or a filter. */
  readonly jobs: { readonly ids: readonly string[] } | { readonly filter: JobFilter };
}

export interface BulkActs {
  /** Stores a bulk act, which then runs. Throws `Refused`: BULK_ACT_LIMIT. */
  start(request: BulkRequest): Promise<StoredBulkAct>;
  /** Throws `Refused`: BULK_ACT_NOT_FOUND, BULK_ACT_ENDED. */
  abort(id: string, by: string | null): Promise<StoredBulkAct>;
}

export function createBulkActs(deps: {
  store: Pick<Store, "createBulkAct" | "abortBulkAct" | "bulkAct">;
  clock: Pick<Clock, "now">;
  ids: Pick<Ids, "newId">;
  log: Log;
  messages: Pick<Messages, "publish">;
}): BulkActs {
  const { store, clock, ids, log, messages } = deps;

  async function find(id: string): Promise<StoredBulkAct> {
    const bulk = await store.bulkAct(id);
    if (bulk === null) throw new Refused("BULK_ACT_NOT_FOUND", `There is no bulk act "${id}".`);
    return bulk;
  }

  return {
    async start({ act, dryRun, by, jobs }) {
      const createdAt = clock.now();
      const id = ids.newId("bulk");
      const given = "ids" in jobs ? [...new Set(jobs.ids)] : null;
      const filter = "filter" in jobs ? narrow(jobs.filter, act, createdAt) : null;
      const created = await store.createBulkAct(
        {
          id,
          act,
          dryRun,
          by,
          filter,
          phase: given === null ? "counting" : "finishing",
          cursor: null,
          pending: given ?? [],
          matched: given?.length ?? 0,
          createdAt,
        },
        { maxRunning: MAX_RUNNING_BULK_ACTS },
      );
      if (!created) throw new Refused("BULK_ACT_LIMIT");
      log.info({ bulkId: id, act, dryRun, filter, ids: given?.length, token: by }, "bulk.started");
      messages.publish({ kind: "bulk" });
      return find(id);
    },
    async abort(id, by) {
      const aborted = await store.abortBulkAct(id, { now: clock.now() });
      const bulk = await find(id);
      if (!aborted) throw new Refused("BULK_ACT_ENDED", `Bulk act "${id}" is ${bulk.state}.`);
      log.info({ bulkId: id, act: bulk.act, token: by }, "bulk.aborted");
      return bulk;
    },
  };
}

/** Leaves out jobs that the act cannot be done to, and those submitted after the request. */
function narrow(filter: JobFilter, act: BulkActName, now: number): JobFilter {
  const { status = ACTS_ON[act], createdBefore = now + 1 } = filter;
  return {
    ...filter,
    // Of all jobs, few have a delivery that was given up: the others would be counted as skipped.
    ...(act === "redeliver" && filter.deliveryState === undefined && { deliveryState: "dead" }),
    status: status.filter((each) => ACTS_ON[act].includes(each)),
    createdBefore: Math.min(createdBefore, now + 1),
  };
}
