/** Persistent webhooks, which receive the events of many jobs. */
import { z } from "zod";
import { secretProblem } from "../../domain/signature.ts";
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from "../../domain/webhook.ts";
import { EventKindName } from "./events.ts";
import { IdParams, Instant, JobName, PageQuery, pageOf } from "./fields.ts";
import { EventKinds, Headers, MaskedHeaders, Retries, WebhookUrl } from "./job-webhook.ts";
import { defineRoute } from "./route-contract.ts";
import { SAMPLE_REGISTER, SAMPLE_SECRET, SAMPLE_TESTED, SAMPLE_WEBHOOK } from "./samples.ts";

const MIN_TIMEOUT_MS = 1_000;
const MAX_PLUGINS = 50;
/** The pattern of definePlugin. The plugin itself can be installed later. */
const PLUGIN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

const PluginNames = z
  .array(z.unknown())
  .min(1, { abort: true })
  .max(MAX_PLUGINS, { abort: true })
  .pipe(
    z.array(
      z.string().regex(PLUGIN_NAME, {
        error: "must be a plugin's name: 1 to 64 lowercase letters, digits and hyphens",
      }),
    ),
  );

const Secret = z.string().superRefine((secret, ctx) => {
  const message = secretProblem(secret);
  if (message !== null) ctx.addIssue({ code: "custom", message, input: null });
});

/** The settings of a webhook. A field that is left out gets its default or, in an update, stays the same. */
const settings = {
  headers: Headers.optional(),
  on: EventKinds.nullish().meta({
    description: "The kinds of event to send. Null, the default, sends all four.",
  }),
  retries: Retries.optional(),
  plugins: PluginNames.nullish().meta({
    description:
      "Send only events of jobs that run at least one of these plugins. The plugins do not have to be installed yet. Null, the default, means all jobs.",
    examples: [["csv-profile"]],
  }),
  jobName: JobName.nullish().meta({
    description:
      "Send only events of jobs with exactly this name. Null, the default, means all jobs.",
  }),
  timeoutMs: z.int().min(MIN_TIMEOUT_MS).max(MAX_TIMEOUT_MS).optional().meta({
    description: "Time limit for one attempt, in ms, including its whole response.",
    default: DEFAULT_TIMEOUT_MS,
  }),
  ratePerSecond: z.number().min(0.1).max(1_000).nullish().meta({
    description:
      "Maximum number of attempts per second. Bursts can be as large as this number. Null means no limit. Default: 25 for hosts under make.com, no limit for other hosts; the default follows a change of the host.",
  }),
  expiresAt: Instant.nullish().meta({
    description:
      "When the webhook expires. New events are then no longer sent to it, and it is removed when its last delivery has ended.",
  }),
  secret: Secret.optional().meta({
    description:
      "The secret that signs every delivery: `whsec_` followed by 24 to 64 bytes in base64. Default: the daemon generates one. For 24 hours after a change, deliveries are signed with both the old and the new secret.",
    examples: [SAMPLE_SECRET],
  }),
};

export const RegisterWebhook = z
  .strictObject({ url: WebhookUrl, ...settings })
  .meta({ id: "RegisterWebhook", examples: [SAMPLE_REGISTER] });

export const UpdateWebhook = z
  .strictObject({
    url: WebhookUrl.optional(),
    ...settings,
    state: z.enum(["active", "paused"]).optional().meta({
      description:
        "`paused` stores events and sends them later. `active` sends them, and also switches on a webhook that is `off`.",
    }),
  })
  .meta({ id: "UpdateWebhook", examples: [{ state: "paused" }, { url: SAMPLE_REGISTER.url }] });

export type WebhookSettings = z.infer<typeof UpdateWebhook>;

const webhook = {
  id: z.string().describe("Id of the webhook. Its deliveries have it as `webhookId`."),
  url: z.string(),
  headers: MaskedHeaders,
  on: z.array(EventKindName),
  retries: z.int(),
  plugins: z.array(z.string()).nullable(),
  jobName: z.string().nullable(),
  timeoutMs: z.int(),
  ratePerSecond: z.number().nullable(),
  expiresAt: Instant.nullable(),
  state: z
    .enum(["active", "paused", "off"])
    .describe(
      "`paused`: you have paused it, and its events are stored and sent later. `off`: the daemon switched it off after a response with status 410 or five days of only failed attempts, and new events are not sent to it.",
    ),
  enabled: z.boolean().describe("Whether `state` is `active`."),
  reason: z.string().nullable().describe("Why the webhook is `off`."),
  failingSince: Instant.nullable().describe(
    "Every attempt since this time has failed. Null when the last attempt succeeded.",
  ),
  previousSecretUntil: Instant.nullable().describe(
    "Deliveries are also signed with the previous secret until this time.",
  ),
  createdAt: Instant,
  updatedAt: Instant,
};

export const Webhook = z.object(webhook).meta({ id: "Webhook", examples: [SAMPLE_WEBHOOK] });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookWithSecret = z
  .object({
    ...webhook,
    secret: z.string().describe("The secret that signs deliveries. It is never shown again."),
  })
  .meta({
    id: "WebhookWithSecret",
    examples: [{ ...SAMPLE_WEBHOOK, secret: SAMPLE_SECRET }],
  });

export const WebhookTest = z
  .object({
    results: z
      .array(
        z.object({
          event: EventKindName,
          eventId: z.string().describe("The `webhook-id` header of the sample."),
          ok: z.boolean().describe("True when the response had a 2xx status."),
          status: z
            .int()
            .nullable()
            .describe("HTTP status of the response. Null when there was no response."),
          durationMs: z.number(),
          response: z.string().nullable().describe("The first 16 KiB of the response body."),
          error: z.string().nullable(),
        }),
      )
      .describe("One result per sample, in order, up to the first sample without a response."),
  })
  .meta({ id: "WebhookTest", examples: [{ results: [SAMPLE_TESTED] }] });
export type WebhookTest = z.infer<typeof WebhookTest>;

export const RecoverWebhook = z
  .strictObject({ since: Instant.describe("Recover events that happened at or after this time.") })
  .meta({ id: "RecoverWebhook", examples: [{ since: "2026-11-23T00:00:00Z" }] });

export const Recovered = z
  .object({
    recovered: z.int().describe("Number of deliveries that are now due again."),
    more: z
      .boolean()
      .describe("True when more deliveries are left. Repeat the request with the same `since`."),
  })
  .meta({ id: "Recovered", examples: [{ recovered: 312, more: false }] });

const location = { Location: "Path of the webhook." };

export const registerWebhook = defineRoute({
  operationId: "registerWebhook",
  method: "POST",
  path: "/v1/webhooks",
  tag: "webhooks",
  summary: "Register a webhook",
  description:
    "The webhook receives the events of every job that matches its filter. The events of one job are sent in order, and every delivery is signed as described by Standard Webhooks. Registering the same `url`, `on`, `plugins` and `jobName` again does not create a second webhook: the existing one is updated with the other fields and, if it was `off`, becomes active. Only the response to the first registration contains the secret.",
  access: "admin",
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
  refusals: ["WEBHOOK_URL_REFUSED", "WEBHOOK_LIMIT"],
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
