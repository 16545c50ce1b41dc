/** The routes of schedules. schedule.ts has the schemas. */
import { z } from "zod";
import type { RefusalCode } from "../../domain/errors.ts";
import { PageQuery, pageOf } from "./fields.ts";
import { AcceptedJob } from "./job.ts";
import { defineRoute } from "./route-contract.ts";
import {
  NextSlot,
  PreviewedSlot,
  PreviewSchedule,
  SaveSchedule,
  Schedule,
  ScheduleSlot,
  SLOTS_KEPT_TEXT,
  UpdateSchedule,
} from "./schedule.ts";

const location = { Location: "Path of the schedule." };

/** A key in a path accepts any text. One that does not exist gets a 404. */
const KeyParams = z.strictObject({ key: z.string() });

/** With which the schedule's job is refused, as by `POST /v1/jobs`. */
const JOB_REFUSALS = [
  "PLUGIN_NOT_FOUND",
  "PLUGIN_BROKEN",
  "INPUT_INVALID",
  "OPTIONS_INVALID",
  "FILE_NOT_FOUND",
  "WEBHOOK_URL_REFUSED",
  "METADATA_TOO_LARGE",
  "STOPPING",
] as const satisfies readonly RefusalCode[];

export const saveSchedule = defineRoute({
  operationId: "saveSchedule",
  method: "POST",
  path: "/v1/schedules",
  tag: "schedules",
  summary: "Create or change a schedule",
  description:
    "A request with the key of a schedule replaces all of it: what is left out has its default. It then goes on with the first slot after now, and a paused schedule stays paused. A request that says the same as the one before changes nothing. The job is checked as by `POST /v1/jobs`, now and again at each slot.",
  access: "run",
  headers: {
    "If-None-Match": {
      description:
        "`*` only creates: a request with the key of a schedule is refused with `SCHEDULE_EXISTS`. Of two requests at the same time, one creates it.",
      example: "*",
    },
  },
  body: SaveSchedule,
  responses: {
    200: {
      description: "The schedule existed, and is changed.",
      schema: Schedule,
      headers: location,
    },
    201: { description: "The schedule is created.", schema: Schedule, headers: location },
  },
  refusals: [...JOB_REFUSALS, "SCHEDULE_LIMIT", "SCHEDULE_EXISTS"],
});

export const updateSchedule = defineRoute({
  operationId: "updateSchedule",
  method: "PATCH",
  path: "/v1/schedules/:key",
  tag: "schedules",
  summary: "Change some fields of a schedule",
  description:
    "What is left out stays the same, also the secrets of the job's webhook. It then goes on with the first slot after now, and a paused schedule stays paused. A request that changes nothing is answered with the schedule as it is. The whole schedule is checked as by `POST /v1/schedules`. Of concurrent changes of other fields, none is lost.",
  access: "run",
  params: KeyParams,
  body: UpdateSchedule,
  responses: { 200: { description: "The schedule.", schema: Schedule } },
  refusals: ["SCHEDULE_NOT_FOUND", ...JOB_REFUSALS],
});

export const previewSchedule = defineRoute({
  operationId: "previewSchedule",
  method: "POST",
  path: "/v1/schedules/preview",
  tag: "schedules",
  summary: "List the slots that a schedule would have",
  description:
    "Those after now. Nothing is stored. When is checked as by `POST /v1/schedules`. The jitter is not part of it: it depends on the schedule's id.",
  access: "read",
  body: PreviewSchedule,
  responses: {
    200: {
      description: "The slots.",
      schema: z.object({ items: z.array(PreviewedSlot) }).meta({ id: "PreviewedSlotList" }),
    },
  },
  refusals: [],
});

export const listSchedules = defineRoute({
  operationId: "listSchedules",
  method: "GET",
  path: "/v1/schedules",
  tag: "schedules",
  summary: "List schedules, oldest first",
  access: "read",
  query: z.strictObject(PageQuery),
  responses: {
    200: { description: "A page.", schema: pageOf(Schedule).meta({ id: "ScheduleList" }) },
  },
  refusals: ["BODY_INVALID"],
});

export const getSchedule = defineRoute({
  operationId: "getSchedule",
  method: "GET",
  path: "/v1/schedules/:key",
  tag: "schedules",
  summary: "Get a schedule",
  access: "read",
  params: KeyParams,
  responses: { 200: { description: "The schedule.", schema: Schedule } },
  refusals: ["SCHEDULE_NOT_FOUND"],
});

export const listScheduleSlots = defineRoute({
  operationId: "listScheduleSlots",
  method: "GET",
  path: "/v1/schedules/:key/slots",
  tag: "schedules",
  summary: "List what became of a schedule's slots, the last decision first",
  description: SLOTS_KEPT_TEXT,
  access: "read",
  params: KeyParams,
  query: z.strictObject(PageQuery),
  responses: {
    200: { description: "A page.", schema: pageOf(ScheduleSlot).meta({ id: "ScheduleSlotList" }) },
  },
  refusals: ["BODY_INVALID", "SCHEDULE_NOT_FOUND"],
});

export const listNextSlots = defineRoute({
  operationId: "listNextSlots",
  method: "GET",
  path: "/v1/schedules/:key/next",
  tag: "schedules",
  summary: "List the next slots of a schedule",
  description: "Those after now, also of a schedule that is paused.",
  access: "read",
  params: KeyParams,
  query: z.strictObject({
    n: z.coerce.number().int().min(1).max(100).default(5).describe("How many."),
  }),
  responses: {
    200: {
      description: "The slots.",
      schema: z.object({ items: z.array(NextSlot) }).meta({ id: "NextSlotList" }),
    },
  },
  refusals: ["BODY_INVALID", "SCHEDULE_NOT_FOUND"],
});

export const runSchedule = defineRoute({
  operationId: "runSchedule",
  method: "POST",
  path: "/v1/schedules/:key/run",
  tag: "schedules",
  summary: "Make a job of a schedule now",
  description:
    "Also of a schedule that is paused. The run takes no slot of the grid. With the overlap `skip` or `buffer-one` it is refused while a job of the schedule has not ended.",
  access: "run",
  params: KeyParams,
  responses: {
    202: {
      description: "The job is stored and queued.",
      schema: AcceptedJob,
      headers: { Location: "Path of the job." },
    },
  },
  refusals: [
    "SCHEDULE_NOT_FOUND",
    "SCHEDULE_BUSY",
    "SCHEDULE_JOB_REFUSED",
    "FILE_NOT_FOUND",
    "QUEUE_FULL",
    "LIMIT_QUEUE_FULL",
    "DISK_FULL",
    "STOPPING",
  ],
});

export const pauseSchedule = defineRoute({
  operationId: "pauseSchedule",
  method: "POST",
  path: "/v1/schedules/:key/pause",
  tag: "schedules",
  summary: "Pause a schedule",
  description: "Its slots are skipped. Jobs that it has made go on.",
  access: "run",
  params: KeyParams,
  responses: { 200: { description: "The schedule.", schema: Schedule } },
  refusals: ["SCHEDULE_NOT_FOUND"],
});

export const resumeSchedule = defineRoute({
  operationId: "resumeSchedule",
  method: "POST",
  path: "/v1/schedules/:key/resume",
  tag: "schedules",
  summary: "Resume a schedule",
  description:
    "It goes on with the first slot after now. Slots that passed are not caught up. Its failures are forgotten.",
  access: "run",
  params: KeyParams,
  responses: { 200: { description: "The schedule.", schema: Schedule } },
  refusals: ["SCHEDULE_NOT_FOUND"],
});

export const removeSchedule = defineRoute({
  operationId: "removeSchedule",
  method: "DELETE",
  path: "/v1/schedules/:key",
  tag: "schedules",
  summary: "Remove a schedule",
  description: "Its slots are deleted. Its jobs stay, and go on.",
  access: "admin",
  params: KeyParams,
  responses: { 204: { description: "The schedule is removed." } },
  refusals: ["SCHEDULE_NOT_FOUND"],
});
