import type { CommandContract } from "../command-contract.ts";
import * as author from "./author.ts";
import * as bulk from "./bulk.ts";
import * as daemon from "./daemon.ts";
import * as deliveries from "./deliveries.ts";
import * as files from "./files.ts";
import * as jobs from "./jobs.ts";
import * as limits from "./limits.ts";
import * as plugins from "./plugins.ts";
import * as schedules from "./schedules.ts";
import * as secrets from "./secrets.ts";
import * as status from "./status.ts";
import * as shell from "./shell.ts";
import * as tokens from "./tokens.ts";
import * as webhooks from "./webhooks.ts";

/** Every command by its words, in the order of help. main.ts has what each one does. */
export const COMMANDS = {
  start: daemon.start,
  "login-link": daemon.loginLink,
  plugins: plugins.plugins,
  run: plugins.run,
  new: author.newPlugin,
  dev: author.dev,
  "plugin add": author.addPlugin,
  "plugin remove": author.removePlugin,
  "tokens add": tokens.addToken,
  "tokens list": tokens.listTokens,
  "tokens remove": tokens.removeToken,
  backup: daemon.backup,
  restore: daemon.restore,
  export: daemon.exportData,
  import: daemon.importData,
  check: daemon.check,
  compact: daemon.compact,
  "rotate-key": daemon.rotateKey,
  status: status.status,
  "jobs list": jobs.listJobs,
  "jobs show": jobs.showJob,
  "jobs logs": jobs.jobLogs,
  "jobs cancel": jobs.cancelJobs,
  "jobs retry": jobs.retryJobs,
  "jobs delete": jobs.deleteJobs,
  "files upload": files.uploadFile,
  "files list": files.listFiles,
  "files download": files.downloadFile,
  "files delete": files.deleteFiles,
  "bulk start": bulk.startBulkAct,
  "bulk list": bulk.listBulkActs,
  "bulk show": bulk.showBulkAct,
  "bulk abort": bulk.abortBulkActs,
  "schedules list": schedules.listSchedules,
  "schedules show": schedules.showSchedule,
  "schedules create": schedules.createSchedule,
  "schedules update": schedules.updateSchedule,
  "schedules pause": schedules.pauseSchedules,
  "schedules resume": schedules.resumeSchedules,
  "schedules run": schedules.runSchedule,
  "schedules delete": schedules.deleteSchedules,
  "schedules next": schedules.nextSlots,
  "limits list": limits.listLimits,
  "limits show": limits.showLimit,
  "limits set": limits.setLimit,
  "limits reset": limits.resetLimit,
  "limits pause": limits.pauseLimit,
  "limits resume": limits.resumeLimit,
  "secrets list": secrets.listSecrets,
  "secrets set": secrets.setSecret,
  "secrets remove": secrets.removeSecrets,
  "deliveries list": deliveries.listDeliveries,
  "deliveries show": deliveries.showDelivery,
  "deliveries redeliver": deliveries.redeliver,
  "webhooks list": webhooks.listWebhooks,
  "webhooks show": webhooks.showWebhook,
  "webhooks add": webhooks.addWebhook,
  "webhooks remove": webhooks.removeWebhooks,
  "webhooks pause": webhooks.pauseWebhooks,
  "webhooks resume": webhooks.resumeWebhooks,
  "webhooks rotate-secret": webhooks.rotateWebhookSecret,
  "webhooks test": webhooks.testWebhook,
  "webhooks recover": webhooks.recoverWebhook,
  "destinations list": deliveries.listDestinations,
  "destinations recover": deliveries.recoverDestination,
  openapi: shell.openapi,
  completion: shell.completion,
} as const satisfies Readonly<Record<string, CommandContract>>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

/** What the commands that begin with the same word are for. Without a second word, the group's `list` runs, if it has one. */
export const GROUPS: Readonly<Record<string, string>> = {
  plugin: "Installs plugins from npm, and removes them.",
  tokens: "Adds, lists and removes API tokens.",
  jobs: "Lists, shows, retries, cancels and deletes jobs, and follows their logs.",
  files: "Uploads, lists, downloads and deletes files of jobs.",
  bulk: "Retries, cancels, deletes or redelivers all jobs that match.",
  schedules: "Creates, shows, changes, runs, pauses and deletes schedules.",
  limits: "Shows, changes, pauses and resumes the limits of plugins.",
  secrets: "Sets, lists and removes secrets of plugins.",
  deliveries: "Lists, shows and repeats deliveries of events.",
  webhooks: "Registers, tests, pauses and removes persistent webhooks.",
  destinations: "Lists where events go, and sends failed ones again.",
};
