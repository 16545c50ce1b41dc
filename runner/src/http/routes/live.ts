import type { FastifyInstance } from "fastify";
import { hasEnded } from "../../domain/job.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Store } from "../../ports/store/store.ts";
import { streamChanges, streamLogs as streamLogsRoute } from "../contract/live.ts";
import { createLiveHub } from "../live/live-hub.ts";
import { streamLogs } from "../live/log-stream.ts";
import { mount } from "../mount.ts";
import { parseEventId } from "../parse-event-id.ts";
import type { Streams } from "../streams.ts";
import { liveStatusView } from "../views/live.ts";
import { jobNotFound } from "./jobs.ts";

export interface LiveDeps {
  readonly engine: Pick<Engine, "listen" | "listenToAll" | "threads">;
  readonly reads: Pick<Store, "counts" | "job" | "logs">;
  readonly streams: Pick<Streams, "send">;
  readonly clock: Pick<Clock, "now">;
}

export function registerLive(app: FastifyInstance, deps: LiveDeps): void {
  const { engine, reads, streams } = deps;
  const hub = createLiveHub({
    listenToAll: (listener) => engine.listenToAll(listener),
    readStatus: async () => liveStatusView(await reads.counts(), engine.threads()),
    now: () => deps.clock.now(),
  });
  app.addHook("onClose", (_app, done) => {
    hub.close();
    done();
  });

  mount(app, streamChanges, async ({ headers }, reply) =>
    streams.send(reply, (stream) => hub.stream(stream, parseEventId(headers["last-event-id"]))),
  );

  mount(app, streamLogsRoute, async ({ params, query, headers }, reply) => {
    const { id: jobId } = params;
    const after = parseEventId(headers["last-event-id"]) || query.cursor;
    const job = await reads.job(jobId);
    if (job === null) throw jobNotFound(jobId);
    const isSpent = async (): Promise<boolean> =>
      (await reads.logs(jobId, { after, limit: 1 })).length === 0;
    if (hasEnded(job.status) && (await isSpent())) return reply.code(204).send();
    return streams.send(reply, (stream) => streamLogs(stream, { jobId, after }, deps));
  });
}
