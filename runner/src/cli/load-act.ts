import type { Act } from "./command-contract.ts";
import type { COMMANDS, CommandName } from "./contract/commands.ts";

type Loaders = {
  readonly [Name in CommandName]: () => Promise<Act<(typeof COMMANDS)[Name]>>;
};

/** Each command is loaded when it runs: `--help` does not need Fastify. */
export const LOAD_ACT: Loaders = {
  start: async () => {
    const { start } = await import("./start.ts");
    return (given) => start(given.settings());
  },
  "login-link": async () => (await import("./login-link.ts")).loginLink,
  plugins: async () => (await import("./plugins.ts")).plugins,
  run: async () => (await import("./run.ts")).run,
  new: async () => (await import("./new-plugin.ts")).newPlugin,
  dev: async () => (await import("./dev/dev.ts")).dev,
  "plugin add": async () => (await import("./plugin/add-plugin.ts")).addPlugin,
  "plugin remove": async () => (await import("./plugin/remove-plugin.ts")).removePlugin,
  "tokens add": async () => (await import("./tokens.ts")).addToken,
  "tokens list": async () => (await import("./tokens.ts")).listTokens,
  "tokens remove": async () => (await import("./tokens.ts")).removeToken,
  backup: async () => (await import("./backup.ts")).backup,
  restore: async () => (await import("./restore.ts")).restore,
  check: async () => (await import("./check.ts")).check,
  compact: async () => (await import("./compact.ts")).compact,
  "rotate-key": async () => (await import("./rotate-key.ts")).rotateKey,
  status: async () => (await import("./status/status.ts")).status,
  "jobs list": async () => (await import("./jobs/list-jobs.ts")).listJobs,
  "jobs show": async () => (await import("./jobs/show-job.ts")).showJob,
  "jobs logs": async () => (await import("./jobs/job-logs.ts")).jobLogs,
  "jobs cancel": async () => (await import("./jobs/act-on-jobs.ts")).cancelJobs,
  "jobs retry": async () => (await import("./jobs/act-on-jobs.ts")).retryJobs,
  "jobs delete": async () => (await import("./jobs/act-on-jobs.ts")).deleteJobs,
  "files upload": async () => (await import("./files/upload-file.ts")).uploadFile,
  "files list": async () => (await import("./files/list-files.ts")).listFiles,
  "files download": async () => (await import("./files/download-file.ts")).downloadFile,
  "files delete": async () => (await import("./files/delete-files.ts")).deleteFiles,
  "bulk start": async () => (await import("./bulk/start-bulk-act.ts")).startBulkAct,
  "bulk list": async () => (await import("./bulk/list-bulk-acts.ts")).listBulkActs,
  "bulk show": async () => (await import("./bulk/show-bulk-act.ts")).showBulkAct,
  "bulk abort": async () => (await import("./bulk/abort-bulk-acts.ts")).abortBulkActs,
  "schedules list": async () => (await import("./schedules/list-schedules.ts")).listSchedules,
  "schedules show": async () => (await import("./schedules/show-schedule.ts")).showSchedule,
  "schedules create": async () => (await import("./schedules/create-schedule.ts")).createSchedule,
  "schedules update": async () => (await import("./schedules/update-schedule.ts")).updateSchedule,
  "schedules pause": async () => (await import("./schedules/act-on-schedules.ts")).pauseSchedules,
  "schedules resume": async () => (await import("./schedules/act-on-schedules.ts")).resumeSchedules,
  "schedules run": async () => (await import("./schedules/act-on-schedules.ts")).runSchedule,
  "schedules delete": async () => (await import("./schedules/act-on-schedules.ts")).deleteSchedules,
  "schedules next": async () => (await import("./schedules/next-slots.ts")).nextSlots,
  "secrets list": async () => (await import("./secrets/list-secrets.ts")).listSecrets,
  "secrets set": async () => (await import("./secrets/set-secret.ts")).setSecret,
  "secrets remove": async () => (await import("./secrets/remove-secrets.ts")).removeSecrets,
  "deliveries list": async () => (await import("./deliveries/list-deliveries.ts")).listDeliveries,
  "deliveries show": async () => (await import("./deliveries/show-delivery.ts")).showDelivery,
  "deliveries redeliver": async () => (await import("./deliveries/redeliver.ts")).redeliver,
  "webhooks list": async () => (await import("./webhooks/list-webhooks.ts")).listWebhooks,
  "webhooks show": async () => (await import("./webhooks/show-webhook.ts")).showWebhook,
  "webhooks add": async () => (await import("./webhooks/add-webhook.ts")).addWebhook,
  "webhooks remove": async () => (await import("./webhooks/act-on-webhooks.ts")).removeWebhooks,
  "webhooks pause": async () => (await import("./webhooks/act-on-webhooks.ts")).pauseWebhooks,
  "webhooks resume": async () => (await import("./webhooks/act-on-webhooks.ts")).resumeWebhooks,
  "webhooks rotate-secret": async () =>
    (await import("./webhooks/rotate-webhook-secret.ts")).rotateWebhookSecret,
  "webhooks test": async () => (await import("./webhooks/test-webhook.ts")).testWebhook,
  "webhooks recover": async () => (await import("./remote/recover.ts")).recoverWebhook,
  "destinations list": async () =>
    (await import("./deliveries/list-destinations.ts")).listDestinations,
  "destinations recover": async () => (await import("./remote/recover.ts")).recoverDestination,
  openapi: async () => (await import("./openapi.ts")).openapi,
  completion: async () => (await import("./completion/print-completion.ts")).printCompletion,
};
