import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import { listEvents } from "../contract/events.ts";
import { mount, sendJson } from "../mount.ts";
import { parseEventId } from "../parse-event-id.ts";
import { isSpent, streamEvents } from "../sse.ts";
import type { Streams } from "../streams.ts";
import { eventText } from "../views/event.ts";
import { pageText, tailPage } from "../views/json-fields.ts";
import { jobNotFound } from "./jobs.ts";

export interface JobEventsDeps {
  readonly engine: Pick<Engine, "listen" | "stepProgress">;
  readonly reads: Pick<Store, "job" | "events">;
  readonly streams: Pick<Streams, "send">;
}

export function registerJobEvents(app: FastifyInstance, deps: JobEventsDeps): void {
  const { reads, streams } = deps;

  async function sendStream(jobId: string, after: number, reply: FastifyReply) {
    const job = await reads.job(jobId);
    if (job === null) throw jobNotFound(jobId);
    if (isSpent(job, after)) return reply.code(204).send();
    return streams.send(reply, (stream) => streamEvents({ ...stream, jobId, job, after }, deps));
  }

  mount(app, listEvents, async (request, reply) => {
    const { id } = request.params;
    reply.header("vary", "accept");
    if (wantsStream(request)) {
      return sendStream(id, parseEventId(request.headers["last-event-id"]), reply);
    }
    const { limit, cursor } = request.query;
    const events = await reads.events(id, { after: cursor, limit: limit + 1 });
    if (events.length === 0 && (await reads.job(id)) === null) throw jobNotFound(id);
    const page = tailPage(events, limit, (event) => event.sequence);
    return sendJson(
      reply,
      pageText(page, (event) => eventText(id, event)),
    );
  });
}

/** HEAD runs this handler too, and its response has no body to stream. */
const STREAM = /^\s*text\/event-stream\s*(?:;|$)/;
/** RFC 9110 §12.4.2: a weight of 0 means that the type is not acceptable. */
const REFUSED = /;\s*q=0(?:\.0*)?\s*(?:;|$)/;

function wantsStream({ method, headers }: Pick<FastifyRequest, "method" | "headers">): boolean {
  const ranges = (headers.accept ?? "").toLowerCase().split(",");
  return method === "GET" && ranges.some((range) => STREAM.test(range) && !REFUSED.test(range));
}
