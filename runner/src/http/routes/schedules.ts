import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { SchedulePatch, ScheduleRequest } from "../../engine/schedules/schedule-request.ts";
import type { StoredSchedule } from "../../ports/store/schedules.ts";
import type { Store } from "../../ports/store/store.ts";
import type { PreviewSchedule, SaveSchedule, UpdateSchedule } from "../contract/schedule.ts";
import * as contract from "../contract/schedules.ts";
import { toJobPatch, toJobRequest } from "../job-request.ts";
import { mount, sendJson } from "../mount.ts";
import { acceptedJobText, type JobUrl } from "../views/job.ts";
import { nextSlotView, previewedSlotView, scheduleText, slotView } from "../views/schedule.ts";

export interface SchedulesDeps {
  readonly engine: Pick<Engine, "schedules">;
  readonly reads: Pick<Store, "schedules" | "scheduleSlots">;
  readonly jobUrl: JobUrl;
}

export function registerSchedules(app: FastifyInstance, deps: SchedulesDeps): void {
  const { reads, jobUrl } = deps;
  const { schedules } = deps.engine;

  async function toText(schedule: StoredSchedule): Promise<JsonText> {
    const { items } = await reads.scheduleSlots(schedule.id, { limit: 1, cursor: null });
    return scheduleText(schedule, { job: schedules.job(schedule), lastSlot: items[0] ?? null });
  }

  mount(app, contract.saveSchedule, async (request, reply) => {
    const by = request.caller?.name ?? null;
    const { schedule, outcome } = await schedules.save(toScheduleRequest(request.body), by, {
      isNew: isForNewOnly(request.headers),
    });
    reply.code(outcome === "created" ? 201 : 200);
    return sendJson(
      reply.header("location", `/v1/schedules/${schedule.key}`),
      await toText(schedule),
    );
  });

  mount(app, contract.updateSchedule, async (request, reply) => {
    const { key } = request.params;
    const by = request.caller?.name ?? null;
    return sendJson(
      reply,
      await toText(await schedules.update(key, toSchedulePatch(request.body), by)),
    );
  });

  mount(app, contract.previewSchedule, async ({ body }, reply) => {
    const { n = 5, ...when } = body;
    const { slots, timezone } = schedules.preview(toWhen(when), n);
    const items = slots.map((slot) => previewedSlotView(slot, timezone));
    return sendJson(reply, toJsonText({ items }));
  });

  mount(app, contract.listSchedules, async ({ query }, reply) => {
    const { limit, cursor = null } = query;
    const { items, nextCursor } = await reads.schedules({ limit, cursor });
    const texts = await Promise.all(items.map(toText));
    const page = `{"items":[${texts.join(",")}],"nextCursor":${toJsonText(nextCursor)}}`;
    return sendJson(reply, page as JsonText);
  });

  mount(app, contract.getSchedule, async ({ params }, reply) =>
    sendJson(reply, await toText(await schedules.get(params.key))),
  );

  mount(app, contract.listScheduleSlots, async ({ params, query }, reply) => {
    const { limit, cursor = null } = query;
    const { id, definition } = await schedules.get(params.key);
    const { items, nextCursor } = await reads.scheduleSlots(id, { limit, cursor });
    const views = items.map((slot) => slotView(slot, definition.timezone));
    return sendJson(reply, toJsonText({ items: views, nextCursor }));
  });

  mount(app, contract.listNextSlots, async ({ params, query }, reply) => {
    const schedule = await schedules.get(params.key);
    const { timezone } = schedule.definition;
    const items = schedules.next(schedule, query.n).map((slot) => nextSlotView(slot, timezone));
    return sendJson(reply, toJsonText({ items }));
  });

  mount(app, contract.runSchedule, async (request, reply) => {
    const { key } = request.params;
    const { jobId, job } = await schedules.run(key, request.caller?.name ?? null);
    const accepted = {
      jobId,
      status: "queued",
      name: job.name,
      plugins: job.plugins.map((plugin) => plugin.name),
      url: jobUrl(jobId),
    } as const;
    reply.code(202).header("location", `/v1/jobs/${jobId}`);
    return sendJson(reply, acceptedJobText(accepted));
  });

  mount(app, contract.pauseSchedule, async (request, reply) => {
    const by = request.caller?.name ?? null;
    return sendJson(reply, await toText(await schedules.pause(request.params.key, by)));
  });

  mount(app, contract.resumeSchedule, async (request, reply) => {
    const by = request.caller?.name ?? null;
    return sendJson(reply, await toText(await schedules.resume(request.params.key, by)));
  });

  mount(app, contract.removeSchedule, async (request, reply) => {
    await schedules.remove(request.params.key, request.caller?.name ?? null);
    return reply.code(204).send();
  });
}

/** Throws `Refused`: BODY_INVALID. A schedule has no ETag, so that no other value can be meant. */
function isForNewOnly({ "if-none-match": given }: FastifyRequest["headers"]): boolean {
  if (given === undefined) return false;
  if (given.trim() === "*") return true;
  const message = `is ${JSON.stringify(given)}: it must be *`;
  throw new Refused("BODY_INVALID", `The header If-None-Match ${message}.`, {
    issues: [{ path: "/if-none-match", message }],
  });
}

function toScheduleRequest({ job, ...body }: SaveSchedule): ScheduleRequest {
  return { ...toWhen(body), job: toJobRequest(job) };
}

function toSchedulePatch({ job, ...body }: UpdateSchedule): SchedulePatch {
  return { ...toWhen(body), ...(job !== undefined && { job: toJobPatch(job) }) };
}

type GivenWhen = Pick<PreviewSchedule, "at" | "startAt" | "endAt">;

/** With milliseconds in place of instants. */
function toWhen<T extends GivenWhen>({ at, startAt, endAt, ...body }: T) {
  return { ...body, at: toInstant(at), startAt: toInstant(startAt), endAt: toInstant(endAt) };
}

function toInstant<T extends null | undefined>(text: string | T): number | T {
  return typeof text === "string" ? Date.parse(text) : text;
}
