import { z } from "zod";
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { EventKindName } from "./events.ts";
import { IdParams, Instant, JobId, PageQuery, pageOf } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_ATTEMPTS, SAMPLE_DELIVERY } from "./samples.ts";

const summary = {
  deliveryId: z.string().describe("The `webhook-id` that every attempt is sent with."),
  jobId: JobId,
  webhookId: z.string(),
  url: z.string(),
  sequence: z.int().describe("The event's sequence within the job."),
  event: EventKindName,
  state: z
    .enum(DELIVERY_STATES)
    .describe("`waiting` for an earlier event of the same job; `dead` when given up."),
  dueAt: Instant.nullable().describe("When it is tried next."),
  createdAt: Instant,
  endedAt: Instant.nullable(),
  attemptCount: z.int(),
  reason: z.string().nullable().describe("Why it is dead."),
};

export const DeliverySummary = z
  .object(summary)
  .meta({ id: "DeliverySummary", examples: [SAMPLE_DELIVERY] });
export type DeliverySummary = z.infer<typeof DeliverySummary>;

export const Delivery = z
  .object({
    ...summary,
    attempts: z.array(
      z.object({
        number: z.int(),
        at: Instant,
        durationMs: z.number(),
        status: z.int().nullable().describe("The HTTP status; null when there was no answer."),
        response: z.string().nullable().describe("The first 16 KiB of the answer's body."),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "Delivery", examples: [{ ...SAMPLE_DELIVERY, attempts: SAMPLE_ATTEMPTS }] });

export type Delivery = z.infer<typeof Delivery>;

export const listDeliveries = defineRoute({
  operationId: "listDeliveries",
  method: "GET",
  path: "/v1/deliveries",
  tag: "deliveries",
  summary: "Deliveries, newest first",
  access: "token",
  query: z.strictObject({
    jobId: z.string().max(100).optional(),
    webhookId: z.string().max(100).optional(),
    state: z.enum(DELIVERY_STATES).optional(),
    ...PageQuery,
  }),
  answers: {
    200: {
      description: "A page of deliveries.",
      schema: pageOf(DeliverySummary).meta({ id: "DeliveryList" }),
    },
  },
  refusals: ["BODY_INVALID"],
});

export const getDelivery = defineRoute({
  operationId: "getDelivery",
  method: "GET",
  path: "/v1/deliveries/:id",
  tag: "deliveries",
  summary: "A delivery with every attempt",
  access: "token",
  params: IdParams,
  answers: { 200: { description: "The delivery.", schema: Delivery } },
  refusals: ["DELIVERY_NOT_FOUND"],
});
