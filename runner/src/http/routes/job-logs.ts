import type { FastifyInstance } from "fastify";
import type { Store } from "../../ports/store/store.ts";
import { listLogs } from "../contract/logs.ts";
import { mount, sendJson } from "../mount.ts";
import { pageText, tailPage } from "../views/json-fields.ts";
import { logLineText } from "../views/log-line.ts";
import { jobNotFound } from "./jobs.ts";

export function registerJobLogs(app: FastifyInstance, reads: Pick<Store, "job" | "logs">): void {
  mount(app, listLogs, async ({ params, query }, reply) => {
    const { limit, cursor } = query;
    const lines = await reads.logs(params.id, { after: cursor, limit: limit + 1 });
    if (lines.length === 0 && (await reads.job(params.id)) === null) throw jobNotFound(params.id);
    const page = tailPage(lines, limit, (line) => line.number);
    return sendJson(reply, pageText(page, logLineText));
  });
}
