import { EVENT_KINDS } from "../../domain/event.ts";
import { defineCommand } from "../command-contract.ts";
import { ACTING, LIMIT, SHOWING, SINCE_HELP } from "./remote-flags.ts";

const WEBHOOK = { what: "a webhook's id" };
const ID = "wh_01k9zr0000000000000000002";

export const listWebhooks = defineCommand({
  topic: "remote",
  summary: "Lists persistent webhooks, oldest first.",
  flags: { ...LIMIT, ...SHOWING },
  examples: [
    { command: "webhooks", does: "Where events go, and which webhooks are paused or off." },
  ],
});

export const showWebhook = defineCommand({
  topic: "remote",
  summary: "Shows a webhook.",
  arguments: { WEBHOOK },
  flags: SHOWING,
  examples: [{ command: `webhooks show ${ID}`, does: "Its filter, its limits and its state." }],
});

export const addWebhook = defineCommand({
  topic: "remote",
  summary: "Registers a webhook.",
  description:
    "Its secret is printed once, to stdout. Registering the same URL and filter again updates the webhook and prints no secret.",
  arguments: { URL: { what: "a URL" } },
  flags: {
    on: {
      value: "EVENT",
      choices: EVENT_KINDS,
      repeats: true,
      description: "Sends this kind of event. Default: all four.",
    },
    plugin: {
      value: "PLUGIN",
      repeats: true,
      description: "Sends only events of jobs that run this plugin.",
    },
    name: { value: "NAME", description: "Sends only events of jobs with exactly this name." },
    "headers-file": {
      value: "FILE",
      description:
        'JSON file with headers to send, such as `{"Authorization": "Bearer …"}`. `-` is standard input.',
    },
    "secret-file": {
      value: "FILE",
      description: "File with the secret that signs deliveries. Default: the daemon generates one.",
    },
    retries: {
      value: "NUMBER",
      range: [0, 10],
      description: "How often a failed delivery is retried.",
    },
    insecure: {
      description:
        "Accepts any certificate of the endpoint, such as a self-signed one. Prefer to trust it with `PLAYGROUND_CA_FILE`.",
    },
    "client-cert-file": {
      value: "FILE",
      description:
        "PEM file with the certificate for an endpoint that asks for one, followed by its intermediate certificates. Goes with `--client-key-file`.",
    },
    "client-key-file": {
      value: "FILE",
      description: "PEM file with the private key of this certificate, without a passphrase.",
    },
    rate: {
      value: "NUMBER",
      range: [0.1, 1000],
      description: "Maximum number of attempts per second.",
    },
    ...ACTING,
  },
  examples: [
    {
      command: "webhooks add https://n8n.example.com/webhook/jobs --on completed --on failed",
      does: "Sends how jobs end to a workflow.",
    },
  ],
});

export const removeWebhooks = defineCommand({
  topic: "remote",
  summary: "Removes webhooks and their deliveries.",
  arguments: { WEBHOOK: { ...WEBHOOK, repeats: true } },
  flags: ACTING,
  examples: [{ command: `webhooks remove ${ID}`, does: "Its pending events are not sent." }],
});

export const pauseWebhooks = defineCommand({
  topic: "remote",
  summary: "Pauses webhooks: their events are stored and sent later.",
  arguments: { WEBHOOK: { ...WEBHOOK, repeats: true } },
  flags: ACTING,
  examples: [{ command: `webhooks pause ${ID}`, does: "Before the endpoint's maintenance." }],
});

export const resumeWebhooks = defineCommand({
  topic: "remote",
  summary: "Resumes webhooks that are paused, and switches on those that are off.",
  arguments: { WEBHOOK: { ...WEBHOOK, repeats: true } },
  flags: ACTING,
  examples: [{ command: `webhooks resume ${ID}`, does: "Sends the stored events." }],
});

export const rotateWebhookSecret = defineCommand({
  topic: "remote",
  summary: "Generates a new secret for a webhook and prints it once.",
  description: "For 24 hours, deliveries are signed with both the old and the new secret.",
  arguments: { WEBHOOK },
  flags: ACTING,
  examples: [{ command: `webhooks rotate-secret ${ID}`, does: "Prints the new secret to stdout." }],
});

export const testWebhook = defineCommand({
  topic: "remote",
  summary: "Sends a sample of each kind of event to a webhook.",
  arguments: { WEBHOOK },
  flags: ACTING,
  examples: [{ command: `webhooks test ${ID}`, does: "Whether the endpoint accepts events." }],
});

export const recoverWebhook = defineCommand({
  topic: "remote",
  summary: "Sends a webhook's failed deliveries again.",
  arguments: { WEBHOOK },
  flags: {
    since: {
      value: "TIME",
      isRequired: true,
      description: `Recovers events since then: ${SINCE_HELP}.`,
    },
    ...ACTING,
  },
  examples: [
    { command: `webhooks recover ${ID} --since 2h`, does: "After an outage of two hours." },
  ],
});
