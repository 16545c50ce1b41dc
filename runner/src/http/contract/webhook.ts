/** The schemas of persistent webhooks. webhooks.ts has the routes. */
import { z } from "zod";
import { ClientCertificate, ShownCertificate } from "./client-certificate.ts";
import { EventKindName } from "./events.ts";
import { Instant, JobName } from "./fields.ts";
import {
  EventKinds,
  Headers,
  MaskedHeaders,
  Retries,
  Secret,
  TimeoutMs,
  VerifyTls,
  WebhookUrl,
} from "./job-webhook.ts";
import { SAMPLE_REGISTER, SAMPLE_SECRET, SAMPLE_TESTED, SAMPLE_WEBHOOK } from "./samples.ts";

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
  timeoutMs: TimeoutMs.optional(),
  verifyTls: VerifyTls.optional(),
  clientCertificate: ClientCertificate.nullish().meta({
    description:
      "Certificate for an endpoint that asks for one. Only the deliveries of this webhook use it. The URL must be https. Null, the default, means the certificate of `PLAYGROUND_CLIENT_CERT_FILE`, if it is set.",
  }),
  ratePerSecond: z.number().min(0.1).max(1_000).nullish().meta({
    description:
      "Maximum number of attempts per second. Bursts can be as large as this number. Null means no limit. Default: 25 for hosts under make.com, no limit for other hosts; the default changes with the host.",
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
  url: z.string().describe("URL that the events are sent to."),
  headers: MaskedHeaders,
  on: z.array(EventKindName).describe("The kinds of event that are sent."),
  retries: z.int().describe("How often a failed delivery is retried."),
  plugins: z
    .array(z.string())
    .nullable()
    .describe("Only events of jobs that run one of these plugins are sent. Null means all jobs."),
  jobName: z
    .string()
    .nullable()
    .describe("Only events of jobs with this name are sent. Null means all jobs."),
  timeoutMs: z.int().describe("Time limit for one attempt, in ms."),
  verifyTls: z.boolean().describe("Whether the endpoint's certificate must be valid."),
  clientCertificate: ShownCertificate.nullable().describe(
    "The webhook's own client certificate. Its key is never shown. Null if it has none.",
  ),
  ratePerSecond: z
    .number()
    .nullable()
    .describe("Maximum number of attempts per second. Null means no limit."),
  expiresAt: Instant.nullable().describe("When the webhook expires. Null means never."),
  state: z
    .enum(["active", "paused", "off"])
    .describe(
      "`paused`: its events are stored and sent later. You have paused it, or the daemon did so after n8n responded for 24 hours that the webhook is not registered. `off`: the daemon switched it off after a response with status 410, or after five days without a success and with failed attempts on at least four of them. New events are not sent to it.",
    ),
  enabled: z.boolean().describe("Whether `state` is `active`."),
  reason: z
    .string()
    .nullable()
    .describe("Why the daemon switched the webhook off or paused it. Null if you have paused it."),
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
