/**
 * Hooks affect only the thread that installs them. A worker that a plugin starts installs them too:
 * its options get a `--require`, whether the plugin or a package of it makes the worker. An `--import`
 * would run too late in a worker that evaluates a text.
 */
import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import workerThreads, { SHARE_ENV, type WorkerOptions } from "node:worker_threads";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ENTRY = fileURLToPath(new URL(`./nested-worker-entry.${extension}`, import.meta.url));

let isEnvShared = false;

/** Whether this thread has started a worker that can change the thread's environment. */
export function sharesEnv(): boolean {
  return isEnvShared;
}

export function preloadNestedWorkers(): void {
  const { Worker } = workerThreads;
  class PluginWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      const { env = process.env, execArgv = [] } = options;
      isEnvShared ||= env === SHARE_ENV;
      super(file, {
        ...options,
        // Else a worker gets the variables that are withheld from the plugin (thread/plugin-env.ts).
        env: env === SHARE_ENV ? env : { ...env },
        // A plugin thread has no options of its own that its workers would inherit.
        execArgv: [...execArgv, "--require", ENTRY],
      });
    }
  }
  Object.defineProperty(PluginWorker, "name", { value: Worker.name });
  workerThreads.Worker = PluginWorker;
  syncBuiltinESMExports();
}
