import type { FastifyInstance } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import { getDocs, getHealth, getMetrics, getOpenApi, getReadiness } from "../contract/daemon.ts";
import { renderDocs } from "../docs-page/render.ts";
import type { HttpMetrics } from "../../ports/http-metrics.ts";
import { mount, sendJson } from "../mount.ts";
import { createOpenApiDocument } from "../openapi.ts";
import { sendPage, type Page } from "../pages/frame.ts";

export interface DaemonDeps {
  readonly engine: Pick<Engine, "relayState">;
  readonly reads: Pick<Store, "counts" | "size">;
  readonly metrics: HttpMetrics;
  readonly publicUrl: string | undefined;
  /** Returns why the daemon is not accepting work. Empty when it is ready. */
  readonly notReady: () => readonly string[];
}

const HEALTHY = toJsonText({ status: "ok" });
const READY = toJsonText({ status: "ready" });

export function registerDaemon(app: FastifyInstance, deps: DaemonDeps): void {
  mount(app, getHealth, async (_, reply) => sendJson(reply, HEALTHY));

  mount(app, getReadiness, async (_, reply) => {
    const reasons = deps.notReady();
    if (reasons.length > 0) throw new Refused("NOT_READY", reasons.join(" "));
    return sendJson(reply, READY);
  });

  mount(app, getMetrics, async (_, reply) => {
    const [counts, size] = await Promise.all([deps.reads.counts(), deps.reads.size()]);
    const text = await deps.metrics.render(counts, size, deps.engine.relayState());
    return reply.header("content-type", deps.metrics.contentType).send(text);
  });

  // Built at the first request: most daemons never serve it, and building it would slow the start.
  let document: JsonText | null = null;
  mount(app, getOpenApi, async (_, reply) =>
    sendJson(reply, (document ??= toJsonText(createOpenApiDocument(deps.publicUrl)))),
  );

  let page: Page | null = null;
  mount(app, getDocs, async (_, reply) =>
    sendPage(reply, (page ??= renderDocs(createOpenApiDocument(deps.publicUrl)))),
  );
}
