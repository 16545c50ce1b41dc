import * as daemon from "./daemon.ts";
import * as deliveries from "./deliveries.ts";
import * as events from "./events.ts";
import * as jobs from "./jobs.ts";
import * as logs from "./logs.ts";
import * as plugins from "./plugins.ts";
import type { RouteContract } from "./route-contract.ts";

/** Every route, in the order of the document. */
export const ROUTES: readonly RouteContract[] = [
  jobs.submitJob,
  jobs.listJobs,
  jobs.getJob,
  jobs.cancelJob,
  jobs.retryJob,
  events.listEvents,
  logs.listLogs,
  plugins.listPlugins,
  plugins.getPlugin,
  deliveries.listDeliveries,
  deliveries.getDelivery,
  daemon.getHealth,
  daemon.getReadiness,
  daemon.getMetrics,
  daemon.getOpenApi,
  daemon.getDocs,
];
