/** Persistent webhooks: registered once, for the events of many jobs. */
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
/** As definePlugin has it; the plugin itself may be installed later. */
const PLUGIN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

const PluginNames = z
  .array(z.unknown())
  .min(1, { abort: true })
  .max(MAX_PLUGINS, { abort: true })
  .pipe(
    z.array(
      z.string().regex(PLUGIN_NAME, {
        error: "must be a plugin's name: 1 to 64 lower-case letters, digits and dashes",
      }),
    ),
  );

const Secret = z.string().superRefine((secret, ctx) => {
  const message = secretProblem(secret);
  if (message !== null) ctx.addIssue({ code: "custom", message, input: null });
});

/** What may be said of a webhook. What is left out gets its default, or stays as it is. */
const settings = {
  headers: Headers.optional(),
  on: EventKinds.nullish().meta({ description: "The kinds of event to send; null is all four." }),
  retries: Retries.optional(),
  plugins: PluginNames.nullish().meta({
    description:
      "Jobs that run any of these plugins, which need not be installed yet; null is all.",
    examples: [["csv-profile"]],
  }),
  jobName: JobName.nullish().meta({ description: "Jobs of exactly this name; null is all." }),
  timeoutMs: z.int().min(MIN_TIMEOUT_MS).max(MAX_TIMEOUT_MS).optional().meta({
    description: "Time that an attempt may take, its whole answer included.",
    default: DEFAULT_TIMEOUT_MS,
  }),
  ratePerSecond: z.number().min(0.1).max(1_000).nullish().meta({
    description:
      "Attempts a second, with bursts of as many; null is no limit. Without it 25 for hosts under make.com, else no limit, and it changes with the host.",
  }),
  expiresAt: Instant.nullish().meta({
    description:
      "From then on no event goes to it, and it is removed once nothing is left to send.",
  }),
  secret: Secret.optional().meta({
    description:
      "Signs every delivery: `whsec_` and 24 to 64 bytes in base64. Without it one is made. Changed, the old one signs beside it for 24 h.",
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
      description: "`paused` keeps events for later; `active` sends them, also after it was `off`.",
    }),
  })
  .meta({ id: "UpdateWebhook", examples: [{ state: "paused" }, { url: SAMPLE_REGISTER.url }] });

export type WebhookSettings = z.infer<typeof UpdateWebhook>;

const webhook = {
  id: z.string().describe("The `webhookId` of its deliveries."),
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
      "`paused` by you: events are kept for later. `off` after a 410 or five days of nothing but failures: events pass it by.",
    ),
  enabled: z.boolean().describe("Whether `state` is `active`."),
  reason: z.string().nullable().describe("Why it is `off`."),
  failingSince: Instant.nullable().describe("Since when every attempt has failed."),
  previousSecretUntil: Instant.nullable().describe(
    "Until when the secret before the present one signs beside it.",
  ),
  createdAt: Instant,
  updatedAt: Instant,
};

export const Webhook = z.object(webhook).meta({ id: "Webhook", examples: [SAMPLE_WEBHOOK] });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookWithSecret = z
  .object({ ...webhook, secret: z.string().describe("Shown here and never again.") })
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
          eventId: z.string().describe("The `webhook-id` that the sample was sent with."),
          ok: z.boolean().describe("Whether the answer was 2xx."),
          status: z.int().nullable().describe("The HTTP status; null when there was no answer."),
          durationMs: z.number(),
          response: z.string().nullable().describe("The first 16 KiB of the answer's body."),
          error: z.string().nullable(),
        }),
      )
      .describe("One per sample, in order, up to the first that got no answer."),
  })
  .meta({ id: "WebhookTest", examples: [{ results: [SAMPLE_TESTED] }] });
export type WebhookTest = z.infer<typeof WebhookTest>;

export const RecoverWebhook = z
  .strictObject({ since: Instant.describe("Events that happened from then on.") })
  .meta({ id: "RecoverWebhook", examples: [{ since: "2026-11-23T00:00:00Z" }] });

export const Recovered = z
  .object({
    recovered: z.int().describe("How many deliveries are due again."),
    more: z.boolean().describe("Whether more are left: ask again with the same instant."),
  })
  .meta({ id: "Recovered", examples: [{ recovered: 312, more: false }] });

const location = { Location: "Where the webhook is." };

export const registerWebhook = defineRoute({
  operationId: "registerWebhook",
  method: "POST",
  path: "/v1/webhooks",
  tag: "webhooks",
  summary: "Register a webhook",
  description:
    "Events of every job that fits its filter go to it, each job's in order, signed as Standard Webhooks has it. The same `url`, `on`, `plugins` and `jobName` again give the same webhook, changed as the rest of the request says; one that was `off` is active again. The secret is in the answer to the first registration alone.",
  access: "admin",
  body: RegisterWebhook,
  answers: {
    200: { description: "It was registered already.", schema: Webhook, headers: location },
    201: { description: "It is registered.", schema: WebhookWithSecret, headers: location },
  },
  refusals: ["WEBHOOK_URL_REFUSED", "WEBHOOK_LIMIT"],
});

export const listWebhooks = defineRoute({
  operationId: "listWebhooks",
  method: "GET",
  path: "/v1/webhooks",
  tag: "webhooks",
  summary: "Webhooks, oldest first",
  access: "read",
  query: z.strictObject(PageQuery),
  answers: {
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
  summary: "A webhook",
  access: "read",
  params: IdParams,
  answers: { 200: { description: "The webhook.", schema: Webhook } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const updateWebhook = defineRoute({
  operationId: "updateWebhook",
  method: "PATCH",
  path: "/v1/webhooks/:id",
  tag: "webhooks",
  summary: "Change, pause or switch on a webhook",
  description:
    "What is left out stays. A new `url` takes over what is queued for the old one. Headers are replaced as a whole. A webhook that is `off` has given up what was queued: after switching it on, `recover` sends it again.",
  access: "admin",
  params: IdParams,
  body: UpdateWebhook,
  answers: { 200: { description: "The webhook as it is now.", schema: Webhook } },
  refusals: ["WEBHOOK_URL_REFUSED", "WEBHOOK_NOT_FOUND", "WEBHOOK_EXISTS"],
});

export const removeWebhook = defineRoute({
  operationId: "removeWebhook",
  method: "DELETE",
  path: "/v1/webhooks/:id",
  tag: "webhooks",
  summary: "Remove a webhook and what is queued for it",
  access: "admin",
  params: IdParams,
  answers: { 204: { description: "It is gone." } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const testWebhook = defineRoute({
  operationId: "testWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/test",
  tag: "webhooks",
  summary: "Send a sample of each kind of event now",
  description:
    "The samples are signed as events are, look like them and carry `test: true`. They go out one after the other, beside the queue and whatever the webhook's state; the first that gets no answer is the last.",
  access: "admin",
  params: IdParams,
  answers: { 200: { description: "What became of each sample.", schema: WebhookTest } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const rotateWebhookSecret = defineRoute({
  operationId: "rotateWebhookSecret",
  method: "POST",
  path: "/v1/webhooks/:id/rotate-secret",
  tag: "webhooks",
  summary: "Make a new secret",
  description:
    "For 24 h both sign, so that receivers can change over: `webhook-signature` then holds two signatures.",
  access: "admin",
  params: IdParams,
  answers: { 200: { description: "The webhook and its new secret.", schema: WebhookWithSecret } },
  refusals: ["WEBHOOK_NOT_FOUND"],
});

export const recoverWebhook = defineRoute({
  operationId: "recoverWebhook",
  method: "POST",
  path: "/v1/webhooks/:id/recover",
  tag: "webhooks",
  summary: "Send again what failed since an instant",
  description:
    "What was given up gets all its retries again, in each job's order; what waits for a retry is sent now. What was delivered is not sent again. At most 10,000 deliveries a call.",
  access: "admin",
  params: IdParams,
  body: RecoverWebhook,
  answers: { 200: { description: "They are due.", schema: Recovered } },
  refusals: ["WEBHOOK_NOT_FOUND", "WEBHOOK_OFF"],
});
