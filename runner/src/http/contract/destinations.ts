import { z } from "zod";
import { IdParams, Instant, pageOf, PageQuery } from "./fields.ts";
import { heldFields } from "./held.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_DESTINATION } from "./samples.ts";
import { Recovered, RecoverWebhook } from "./webhook.ts";

const Destination = z
  .object({
    destinationId: z.string().describe("Id of the destination."),
    webhookId: z
      .string()
      .nullable()
      .describe(
        "The persistent webhook. Null for an origin, which the webhooks of many jobs share.",
      ),
    origin: z
      .string()
      .nullable()
      .describe("The origin of the jobs' webhooks. Null for a persistent webhook."),
    ratePerSecond: z.number().nullable().describe("Attempts a second. Null means no limit."),
    circuit: z
      .enum(["closed", "open"])
      .describe("`open` after five failed attempts in a row, until one succeeds."),
    failuresInRow: z.int().describe("Failed attempts since the last success."),
    backlog: z
      .int()
      .describe("Number of deliveries that are due or wait for a retry, at most 1,000."),
    ...heldFields("The destination"),
    perHour: z
      .array(
        z.object({
          at: Instant.describe("The start of the hour."),
          delivered: z.int().describe("Events that were delivered."),
          failed: z.int().describe("Deliveries that were given up after an attempt."),
        }),
      )
      .describe("The last 24 hours, the oldest first. An hour in which nothing ended is left out."),
  })
  .meta({ id: "Destination", examples: [SAMPLE_DESTINATION] });

export type Destination = z.infer<typeof Destination>;

export const getDestination = defineRoute({
  operationId: "getDestination",
  method: "GET",
  path: "/v1/destinations/:id",
  tag: "destinations",
  summary: "Get a destination",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The destination.", schema: Destination } },
  refusals: ["DESTINATION_NOT_FOUND"],
});

export const listDestinations = defineRoute({
  operationId: "listDestinations",
  method: "GET",
  path: "/v1/destinations",
  tag: "destinations",
  summary: "List destinations, oldest first",
  description:
    "A destination is what shares a rate limit, a pause and a circuit: a persistent webhook, or the origin of webhooks given with jobs.",
  access: "read",
  query: z.strictObject({
    webhookId: z
      .string()
      .max(100)
      .optional()
      .describe("Only the destination of this persistent webhook."),
    ...PageQuery,
  }),
  responses: {
    200: {
      description: "A page of destinations.",
      schema: pageOf(Destination).meta({ id: "DestinationList" }),
    },
  },
  refusals: ["BODY_INVALID"],
});

export const recoverDestination = defineRoute({
  operationId: "recoverDestination",
  method: "POST",
  path: "/v1/destinations/:id/recover",
  tag: "destinations",
  summary: "Send a destination's failed deliveries again",
  description:
    "Deliveries that were given up are sent again with all their retries, in each job's order. Deliveries that wait for a retry are sent now. One request recovers at most 10,000 deliveries.",
  access: "admin",
  params: IdParams,
  body: RecoverWebhook,
  responses: { 200: { description: "The deliveries are due.", schema: Recovered } },
  refusals: ["DESTINATION_NOT_FOUND", "WEBHOOK_OFF"],
});
