import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../../domain/errors.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Store } from "../../ports/store/store.ts";
import { listEvents } from "../contract/events.ts";
import { createWaitSignal } from "../wait-signal.ts";
import { mount, sendJson } from "../mount.ts";
import { HEARTBEAT_MS, isSpent, streamEvents } from "../sse.ts";
import { pageText, tailPage } from "../views/json-fields.ts";
import { jobNotFound } from "./jobs.ts";

/**
 * How long a client can leave its stream unread. A heartbeat that was read starts the time again. Node
 * can need two such times to see that nothing is read.
 */
const UNREAD_TIMEOUT_MS = 3 * HEARTBEAT_MS;

export interface JobEventsDeps {
  readonly engine: Pick<Engine, "listen" | "stepProgress">;
  readonly reads: Pick<Store, "job" | "events">;
  readonly maxStreams: number;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export function registerJobEvents(app: FastifyInstance, deps: JobEventsDeps): void {
  const { reads } = deps;
  let open = 0;

  async function sendStream(jobId: string, after: number, reply: FastifyReply) {
    const { isStillAllowed } = reply.request;
    const job = await reads.job(jobId);
    if (job === null) throw jobNotFound(jobId);
    if (isSpent(job, after)) return reply.code(204).send();
    if (open >= deps.maxStreams) {
      throw new Refused("TOO_MANY_STREAMS", `${open} event streams are open, which is the limit.`);
    }
    const signal = createWaitSignal(reply, deps);
    // The client can disconnect while the job is read.
    if (!signal.aborted) {
      open += 1;
      reply.request.releaseSlot?.();
      signal.addEventListener("abort", () => (open -= 1), { once: true });
    }
    const isAllowed = (): boolean => isStillAllowed?.() ?? true;
    const hasRoomFor = (bytes: number): boolean =>
      reply.tryHoldBytes(reply.raw.writableLength + bytes);
    const text = Readable.from(
      streamEvents({ jobId, job, after, signal, isAllowed, hasRoomFor }, deps),
      { highWaterMark: 1 },
    );
    reply.raw.setTimeout(UNREAD_TIMEOUT_MS);
    return reply
      .header("content-type", "text/event-stream; charset=utf-8")
      .header("cache-control", "no-cache, no-transform")
      .header("x-accel-buffering", "no")
      .send(text);
  }

  mount(app, listEvents, async (request, reply) => {
    const { id } = request.params;
    reply.header("vary", "accept");
    if (wantsStream(request)) {
      return sendStream(id, parseSequence(request.headers["last-event-id"]), reply);
    }
    const { limit, cursor } = request.query;
    const events = await reads.events(id, { after: cursor, limit: limit + 1 });
    if (events.length === 0 && (await reads.job(id)) === null) throw jobNotFound(id);
    const page = tailPage(events, limit, (event) => event.sequence);
    return sendJson(
      reply,
      pageText(page, (event) => event.body),
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

/** A header that is not a sequence starts the stream at the first event, so that no event is missed. */
function parseSequence(header: string | string[] | undefined): number {
  const text = String(header ?? "");
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
