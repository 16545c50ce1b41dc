import type { FastifyInstance } from "fastify";
import { BULK_SCOPE } from "../../domain/bulk-act.ts";
import { Refused } from "../../domain/errors.ts";
import type { BulkRequest } from "../../engine/bulk/bulk-acts.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import { requireScope } from "../auth.ts";
import { abortBulkAct, getBulkAct, listBulkActs, startBulkAct } from "../contract/bulk-acts.ts";
import type { JobFilterBody } from "../contract/job-filter.ts";
import { toJobFilter } from "../job-filter.ts";
import { mount, sendJson } from "../mount.ts";
import { bulkActText } from "../views/bulk-act.ts";
import { pageText } from "../views/json-fields.ts";

export interface BulkActsDeps {
  readonly engine: Pick<Engine, "bulkActs">;
  readonly reads: Pick<Store, "bulkAct" | "bulkActs">;
}

export function registerBulkActs(app: FastifyInstance, { engine, reads }: BulkActsDeps): void {
  mount(app, startBulkAct, async (request, reply) => {
    const { act, dryRun = false, ids, filter } = request.body;
    requireScope(reply, BULK_SCOPE[act]);
    const jobs = toJobs(ids, filter);
    const bulk = await engine.bulkActs.start({
      act,
      dryRun,
      by: request.caller?.name ?? null,
      jobs,
    });
    return sendJson(reply.code(202).header("location", `/v1/bulk/${bulk.id}`), bulkActText(bulk));
  });

  mount(app, listBulkActs, async ({ query }, reply) => {
    const { limit, cursor = null } = query;
    return sendJson(reply, pageText(await reads.bulkActs({ limit, cursor }), bulkActText));
  });

  mount(app, getBulkAct, async ({ params }, reply) => {
    const bulk = await reads.bulkAct(params.id);
    if (bulk === null) {
      throw new Refused("BULK_ACT_NOT_FOUND", `There is no bulk act "${params.id}".`);
    }
    return sendJson(reply, bulkActText(bulk));
  });

  mount(app, abortBulkAct, async (request, reply) => {
    const bulk = await reads.bulkAct(request.params.id);
    if (bulk !== null) requireScope(reply, BULK_SCOPE[bulk.act]);
    const aborted = await engine.bulkActs.abort(request.params.id, request.caller?.name ?? null);
    return sendJson(reply, bulkActText(aborted));
  });
}

function toJobs(
  ids: readonly string[] | undefined,
  filter: JobFilterBody | undefined,
): BulkRequest["jobs"] {
  if (ids !== undefined && filter === undefined) return { ids };
  if (filter !== undefined && ids === undefined) return { filter: toJobFilter(filter) };
  const given = ids === undefined ? "neither" : "both";
  const message = `must be given, or ids, but not both; the body has ${given}`;
  throw new Refused("BODY_INVALID", `/filter ${message}.`, {
    issues: [{ path: "/filter", message }],
  });
}
