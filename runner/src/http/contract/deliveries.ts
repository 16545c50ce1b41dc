import { z } from "zod";
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { EVENT_KINDS } from "../../domain/event.ts";
import { IdParams, Instant, JobId, PageQuery, pageOf } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_ATTEMPTS, SAMPLE_DELIVERY } from "./samples.ts";

const summary = {
  deliveryId: z.string(),
  eventId: z
    .string()
    .describe("The `webhook-id` that every attempt is sent with; the same at every webhook."),
  jobId: JobId.nullable().describe("Null for a batch's callback."),
  batchId: z.string().nullable().describe("The batch whose callback it is."),
  webhookId: z.string(),
  url: z.string(),
  sequence: z.int().describe("The event's sequence within the job."),
  event: z.enum([...EVENT_KINDS, "batch"]).describe("`batch`: a batch's callback."),
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
  access: "read",
  query: z.strictObject({
    jobId: z.string().max(100).optional(),
    batchId: z.string().max(100).optional(),
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
  access: "read",
  params: IdParams,
  answers: { 200: { description: "The delivery.", schema: Delivery } },
  refusals: ["DELIVERY_NOT_FOUND"],
});

export const redeliver = defineRoute({
  operationId: "redeliver",
  method: "POST",
  path: "/v1/deliveries/:id/redeliver",
  tag: "deliveries",
  summary: "Send a delivery again now",
  description:
    "One that was delivered or given up is tried once more; one that waits for its retry is tried now instead. At a webhook that is paused or off it waits until that is active.",
  access: "admin",
  params: IdParams,
  answers: {
    202: {
      description: "The delivery as it is now.",
      schema: Delivery,
      headers: { Location: "Where the delivery is." },
    },
  },
  refusals: ["DELIVERY_NOT_FOUND", "DELIVERY_NOT_RESENDABLE"],
});
