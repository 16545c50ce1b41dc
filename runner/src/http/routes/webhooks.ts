import type { FastifyInstance } from "fastify";
import { toJsonText } from "../../domain/json-text.ts";
import type { Engine } from "../../engine/engine.ts";
import type { WebhookRequest } from "../../engine/webhooks/webhook-request.ts";
import {
  getWebhook,
  listWebhooks,
  recoverWebhook,
  registerWebhook,
  removeWebhook,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from "../contract/webhooks.ts";
import type { WebhookSettings } from "../contract/webhook.ts";
import { createProbeIfAsked } from "../probe-if-asked.ts";
import { requireStillAllowed } from "../auth.ts";
import { createWaitSignal } from "../wait-signal.ts";
import { mount, sendJson } from "../mount.ts";
import { webhookTestView, webhookView } from "../views/webhook.ts";

export interface WebhooksDeps {
  readonly engine: Pick<Engine, "webhooks" | "probeWebhook" | "testWebhook" | "recoverWebhook">;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

export function registerWebhooks(app: FastifyInstance, { engine, closing }: WebhooksDeps): void {
  const { webhooks } = engine;
  const probeIfAsked = createProbeIfAsked({ engine, closing });

  mount(app, registerWebhook, async ({ query, body }, reply) => {
    await probeIfAsked({ query, body }, reply);
    const request = { ...toWebhookRequest(body), url: body.url };
    const { webhook, created, secret } = await webhooks.register(request);
    reply.code(created ? 201 : 200).header("location", `/v1/webhooks/${webhook.id}`);
    const view = webhookView(webhook);
    return sendJson(reply, toJsonText(secret === null ? view : { ...view, secret }));
  });

  mount(app, listWebhooks, async ({ query }, reply) => {
    const { limit, cursor = null } = query;
    const { items, nextCursor } = await webhooks.list({ limit, cursor });
    return sendJson(reply, toJsonText({ items: items.map(webhookView), nextCursor }));
  });

  mount(app, getWebhook, async ({ params }, reply) =>
    sendJson(reply, toJsonText(webhookView(await webhooks.get(params.id)))),
  );

  mount(app, updateWebhook, async ({ params, body }, reply) => {
    const { state } = body;
    const request = { ...toWebhookRequest(body), ...(state === undefined ? {} : { state }) };
    return sendJson(reply, toJsonText(webhookView(await webhooks.update(params.id, request))));
  });

  mount(app, removeWebhook, async ({ params }, reply) => {
    await webhooks.remove(params.id);
    return reply.code(204).send();
  });

  mount(app, testWebhook, async ({ params }, reply) => {
    const tested = await engine.testWebhook(params.id, {
      signal: createWaitSignal(reply, { closing }),
    });
    requireStillAllowed(reply);
    return sendJson(reply, toJsonText(webhookTestView(tested)));
  });

  mount(app, rotateWebhookSecret, async ({ params }, reply) => {
    const { webhook, secret } = await webhooks.rotateSecret(params.id);
    return sendJson(reply, toJsonText({ ...webhookView(webhook), secret }));
  });

  mount(app, recoverWebhook, async ({ params, body }, reply) => {
    const done = await engine.recoverWebhook(params.id, Date.parse(body.since));
    return sendJson(reply, toJsonText(done));
  });
}

function toWebhookRequest(body: WebhookSettings): WebhookRequest {
  const { on, plugins, expiresAt, state: _state, ...same } = body;
  return {
    ...same,
    on: on && [...new Set(on)],
    plugins: plugins && [...new Set(plugins)],
    expiresAt: typeof expiresAt === "string" ? Date.parse(expiresAt) : expiresAt,
  };
}
