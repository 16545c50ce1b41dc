import { z } from "zod";
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { EVENT_KINDS } from "../../domain/event.ts";
import { IdParams, Instant, JobId, PageQuery, pageOf } from "./fields.ts";
import { heldFields } from "./held.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_ATTEMPTS, SAMPLE_DELIVERY } from "./samples.ts";

const summary = {
  deliveryId: z.string().describe("Id of the delivery."),
  eventId: z
    .string()
    .describe(
      "The `webhook-id` header of every attempt. It is the same for every webhook that gets the event.",
    ),
  jobId: JobId.nullable().describe("The job of the event. Null for a batch's callback."),
  batchId: z.string().nullable().describe("The batch of the callback. Null for a job's event."),
  webhookId: z.string().describe("The webhook that the event is sent to."),
  url: z.string().describe("The webhook's URL."),
  sequence: z.int().describe("The event's sequence number within its job."),
  event: z
    .enum([...EVENT_KINDS, "batch"])
    .describe("The kind of event. `batch` is a batch's callback."),
  state: z
    .enum(DELIVERY_STATES)
    .describe(
      "`waiting`: an earlier event of the same job is not delivered yet. `dead`: the delivery was given up.",
    ),
  dueAt: Instant.nullable().describe("When the next attempt is due."),
  createdAt: Instant,
  endedAt: Instant.nullable().describe("When the event was delivered or given up."),
  attemptCount: z.int().describe("Number of attempts so far."),
  reason: z.string().nullable().describe("Why the delivery is `dead`."),
  payloadsRemovedAt: Instant.nullable().describe(
    "When what it sends was removed (`PLAYGROUND_RETENTION_PAYLOAD_DAYS`), so that it cannot be sent again. Null until then.",
  ),
  ...heldFields("The delivery's destination"),
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
        number: z.int().describe("Number of the attempt: 1, 2, 3 …"),
        at: Instant.describe("When the attempt started."),
        durationMs: z.number(),
        status: z
          .int()
          .nullable()
          .describe("HTTP status of the response. Null when there was no response."),
        response: z.string().nullable().describe("The first 16 KiB of the response body."),
        error: z.string().nullable().describe("Why there was no response."),
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
  summary: "List deliveries, newest first",
  access: "read",
  query: z.strictObject({
    jobId: z.string().max(100).optional().describe("Only deliveries of this job's events."),
    batchId: z.string().max(100).optional().describe("Only the delivery of this batch's callback."),
    webhookId: z.string().max(100).optional().describe("Only deliveries to this webhook."),
    destinationId: z.string().max(100).optional().describe("Only deliveries to this destination."),
    state: z.enum(DELIVERY_STATES).optional().describe("Only deliveries in this state."),
    ...PageQuery,
  }),
  responses: {
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
  summary: "Get a delivery with every attempt",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The delivery.", schema: Delivery } },
  refusals: ["DELIVERY_NOT_FOUND"],
});

export const redeliver = defineRoute({
  operationId: "redeliver",
  method: "POST",
  path: "/v1/deliveries/:id/redeliver",
  tag: "deliveries",
  summary: "Send a delivery again",
  description:
    "A delivery that was delivered or given up gets one more attempt. A delivery that waits for a retry is sent now. If its webhook is paused or off, the delivery waits until the webhook is active.",
  access: "admin",
  params: IdParams,
  responses: {
    202: {
      description: "The delivery in its current state.",
      schema: Delivery,
      headers: { Location: "Path of the delivery." },
    },
  },
  refusals: ["DELIVERY_NOT_FOUND", "DELIVERY_NOT_RESENDABLE", "PAYLOADS_REMOVED", "WEBHOOK_OFF"],
});
