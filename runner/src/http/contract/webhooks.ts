/** The routes of persistent webhooks, which receive the events of many jobs. webhook.ts has the schemas. */
import { z } from "zod";
import { IdParams, PageQuery, pageOf } from "./fields.ts";
import { ProbeQuery } from "./probe-query.ts";
import { defineRoute } from "./route-contract.ts";
import {
  Recovered,
  RecoverWebhook,
  RegisterWebhook,
  UpdateWebhook,
  Webhook,
  WebhookTest,
  WebhookWithSecret,
} from "./webhook.ts";

const location = { Location: "Path of the webhook." };

export const registerWebhook = defineRoute({
  operationId: "registerWebhook",
  method: "POST",
  path: "/v1/webhooks",
  tag: "webhooks",
  summary: "Register a webhook",
  description:
    "The webhook receives the events of every job that matches its filter. The events of one job are sent in order, and every delivery is signed as described by Standard Webhooks. Registering the same `url`, `on`, `plugins` and `jobName` again does not create a second webhook: the existing one is updated with the other fields and, if it was `off` or the daemon had paused it, becomes active. Only the response to the first registration contains the secret.",
  access: "admin",
  query: ProbeQuery,
  body: RegisterWebhook,
  responses: {
    200: {
      description: "The webhook was already registered and is updated.",
      schema: Webhook,
      headers: location,
    },
    201: {
      description: "The webhook is registered.",
      schema: WebhookWithSecret,
      headers: location,
    },
  },
  refusals: ["WEBHOOK_URL_REFUSED", "WEBHOOK_UNREACHABLE", "WEBHOOK_LIMIT"],
});

export const listWebhooks = defineRoute({
  operationId: "listWebhooks",
  method: "GET",
  path: "/v1/webhooks",
  tag: "webhooks",
  summary: "List webhooks, oldest first",
  access: "read",
  query: z.strictObject(PageQuery),
  responses: {
    200: {
      description: "A page of webhooks.",
      schema: pageOf(Webhook).meta({ id: "WebhookList" }),
    },
  },
  refusals: ["BODY_INVALID"],
});

export const getWebhook = defineRoute({
  operationId: "getWebhook",
  method: "GET",
  path: "/v1/webhooks/:id",
  tag: "webhooks",
  summary: "Get a webhook",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The webhook.", schema: Webhook } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const updateWebhook = defineRoute({
  operationId: "updateWebhook",
  method: "PATCH",
  path: "/v1/webhooks/:id",
  tag: "webhooks",
  summary: "Update, pause or switch on a webhook",
  description:
    "Fields that you leave out stay the same. `headers` replaces all headers. After a change of `url`, queued deliveries are sent to the new URL. When a webhook was switched `off`, its queued deliveries were given up: switch it on and call `recover` to send them again.",
  access: "admin",
  params: IdParams,
  body: UpdateWebhook,
  responses: { 200: { description: "The webhook in its current state.", schema: Webhook } },
  refusals: ["WEBHOOK_URL_REFUSED", "WEBHOOK_NOT_FOUND", "WEBHOOK_EXISTS"],
});

export const removeWebhook = defineRoute({
  operationId: "removeWebhook",
  method: "DELETE",
  path: "/v1/webhooks/:id",
  tag: "webhooks",
  summary: "Remove a webhook and its deliveries",
  access: "admin",
  params: IdParams,
  responses: { 204: { description: "The webhook is removed." } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const testWebhook = defineRoute({
  operationId: "testWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/test",
  tag: "webhooks",
  summary: "Test a webhook with a sample of each kind of event",
  description:
    "Sends a sample of every kind of event that the webhook receives. The samples look like events, are signed like events and contain `test: true`. They are sent immediately, one after the other, whatever the webhook's state is and without waiting for queued deliveries. The test ends after the first sample that gets no response.",
  access: "admin",
  params: IdParams,
  responses: { 200: { description: "The result of each sample.", schema: WebhookTest } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const rotateWebhookSecret = defineRoute({
  operationId: "rotateWebhookSecret",
  method: "POST",
  path: "/v1/webhooks/:id/rotate-secret",
  tag: "webhooks",
  summary: "Generate a new secret",
  description:
    "For 24 hours, deliveries are signed with both the old and the new secret, and `webhook-signature` contains two signatures. Change the secret at the receiver within this time.",
  access: "admin",
  params: IdParams,
  responses: { 200: { description: "The webhook and its new secret.", schema: WebhookWithSecret } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const recoverWebhook = defineRoute({
  operationId: "recoverWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/recover",
  tag: "webhooks",
  summary: "Send failed deliveries again",
  description:
    "Deliveries that were given up are sent again with all their retries, in each job's order. Deliveries that wait for a retry are sent now. Successful deliveries are not repeated. One request recovers at most 10,000 deliveries.",
  access: "admin",
  params: IdParams,
  body: RecoverWebhook,
  responses: { 200: { description: "The deliveries are due.", schema: Recovered } },
  refusals: ["WEBHOOK_NOT_FOUND", "WEBHOOK_OFF"],
});
