import * as batches from "./batches.ts";
import * as bulkActs from "./bulk-acts.ts";
import * as daemon from "./daemon.ts";
import * as deliveries from "./deliveries.ts";
import * as destinations from "./destinations.ts";
import * as errorGroups from "./error-groups.ts";
import * as files from "./files.ts";
import * as events from "./events.ts";
import * as live from "./live.ts";
import * as jobs from "./jobs.ts";
import * as logs from "./logs.ts";
import * as mcp from "./mcp.ts";
import * as plugins from "./plugins.ts";
import type { RouteContract } from "./route-contract.ts";
import * as schedules from "./schedules.ts";
import * as limits from "./limits.ts";
import * as secrets from "./secrets.ts";
import * as session from "./session.ts";
import * as settings from "./settings.ts";
import * as stats from "./stats.ts";
import * as status from "./status.ts";
import * as tokens from "./tokens.ts";
import * as webhooks from "./webhooks.ts";

/** Every route, in the order of the document. */
export const ROUTES: readonly RouteContract[] = [
  jobs.submitJob,
  jobs.listJobs,
  jobs.getJob,
  jobs.getJobInput,
  jobs.getStepOutput,
  jobs.cancelJob,
  jobs.retryJob,
  jobs.deleteJob,
  events.listEvents,
  logs.listLogs,
  live.streamLogs,
  errorGroups.listErrorGroups,
  bulkActs.startBulkAct,
  bulkActs.listBulkActs,
  bulkActs.getBulkAct,
  bulkActs.abortBulkAct,
  batches.submitBatch,
  batches.listBatches,
  batches.getBatch,
  batches.setBatchWebhook,
  schedules.saveSchedule,
  schedules.listSchedules,
  schedules.previewSchedule,
  schedules.getSchedule,
  schedules.updateSchedule,
  schedules.listScheduleSlots,
  schedules.listNextSlots,
  schedules.runSchedule,
  schedules.pauseSchedule,
  schedules.resumeSchedule,
  schedules.removeSchedule,
  files.uploadFile,
  files.listFiles,
  files.getFile,
  files.getFileContent,
  files.headFileContent,
  files.removeFile,
  plugins.listPlugins,
  plugins.getPlugin,
  limits.listLimits,
  limits.getLimit,
  limits.overrideLimit,
  limits.resetLimit,
  limits.pauseLimit,
  limits.resumeLimit,
  secrets.listSecrets,
  secrets.setSecret,
  secrets.removeSecret,
  mcp.callMcp,
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
  destinations.getDestination,
  destinations.recoverDestination,
  session.logIn,
  session.getSession,
  session.logOut,
  tokens.listTokens,
  tokens.addToken,
  tokens.removeToken,
  settings.getSettings,
  status.getStatus,
  live.streamChanges,
  stats.getStats,
  stats.getPluginStats,
  daemon.getHealth,
  daemon.getReadiness,
  daemon.getMetrics,
  daemon.getOpenApi,
  daemon.getDocs,
];
