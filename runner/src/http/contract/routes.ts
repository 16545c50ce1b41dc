import * as batches from "./batches.ts";
import * as daemon from "./daemon.ts";
import * as deliveries from "./deliveries.ts";
import * as destinations from "./destinations.ts";
import * as events from "./events.ts";
import * as jobs from "./jobs.ts";
import * as logs from "./logs.ts";
import * as plugins from "./plugins.ts";
import type { RouteContract } from "./route-contract.ts";
import * as webhooks from "./webhooks.ts";

/** Every route, in the order of the document. */
export const ROUTES: readonly RouteContract[] = [
  jobs.submitJob,
  jobs.listJobs,
  jobs.getJob,
  jobs.cancelJob,
  jobs.retryJob,
  events.listEvents,
  logs.listLogs,
  batches.submitBatch,
  batches.getBatch,
  batches.setBatchWebhook,
  plugins.listPlugins,
  plugins.getPlugin,
  webhooks.registerWebhook,
  webhooks.listWebhooks,
  webhooks.getWebhook,
  webhooks.updateWebhook,
  webhooks.removeWebhook,
  webhooks.testWebhook,
  webhooks.rotateWebhookSecret,
  webhooks.recoverWebhook,
  deliveries.listDeliveries,
  deliveries.getDelivery,
  deliveries.redeliver,
  destinations.listDestinations,
  destinations.recoverDestination,
  daemon.getHealth,
  daemon.getReadiness,
  daemon.getMetrics,
  daemon.getOpenApi,
  daemon.getDocs,
];
