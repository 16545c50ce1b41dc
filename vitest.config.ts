import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * Thousands of requests, crashing daemons, real waits, many processes, all examples of the documentation.
 * `npm run test:slow` runs them, `npm test` does not.
 */
const SLOW = [
  "runner/src/engine/deliveries/no-event-lost.test.ts",
  "runner/src/http/{admission,batches,discard-body,receive-body,response-budget}.test.ts",
  "runner/src/plugins/{html-to-markdown/real-pages,image-resize/limits}.test.ts",
  "runner/src/store/sqlite/return-free-space.test.ts",
  "runner/test/conformance/migrations.test.ts",
  "runner/test/e2e/{backup,batches,broken-pipe,command,command-remote,compact,deploy-proxies,docs,egress,files-*,fuzz,known-plugins,live}.test.ts",
  "runner/test/e2e/{deploy-metrics,login-link,make-*,mcp,package,plugin-add,plugin-secrets,plugins-built-in,process,rotate-key,schedules,stalled-log-reader,stored-secrets,tokens,transfer,webhooks}.test.ts",
  "runner/test/faults/{check-database,commit-kills,executor,executor-channel,file-kills,key-rotation-kills,limits,hostile-*,large-{files,inputs},last-attempts,make-and-n8n,noisy-neighbour,plugin-*,slow-disk,unread-responses,upgrade}.test.ts",
];

/** Daemons under load with every kind of fault. `npm run test:faults` runs them. */
const FAULTS = [
  "runner/test/faults/{durability,kills,faults,key-kills,limit-kills,schedule-kills}.test.ts",
];

export default defineConfig({
  test: {
    // The tests' threads read the modules that `npm run build` has compiled. A thread that strips types
    // itself loads a WebAssembly compiler, and V8 has crashed with hundreds of those in one process.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("runner/.cache/compile", import.meta.url)) },
    // Most tests wait for disks, sockets and threads, so that more than one can run per core.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      {
        test: {
          name: "unit",
          include: ["runner/{src,console/src}/**/*.test.ts"],
          exclude: SLOW,
          // Loading the modules anew for each file takes a third of the time. No test replaces a module.
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "n8n-nodes",
          include: ["n8n-nodes-playground/test/unit/**/*.test.mts"],
          testTimeout: 60_000,
          // n8n loads the CommonJS build. Node cannot load the ESM build.
          alias: {
            "n8n-workflow": fileURLToPath(
              new URL(
                "n8n-nodes-playground/node_modules/n8n-workflow/dist/cjs/index.js",
                import.meta.url,
              ),
            ),
          },
        },
      },
      {
        test: {
          name: "runner",
          include: ["runner/test/{conformance,faults,e2e}/**/*.test.ts"],
          exclude: [...SLOW, ...FAULTS],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "slow",
          include: SLOW,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "faults",
          include: FAULTS,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Starts a PostgreSQL. `npm run test:postgres` runs it, `npm test` does not.
          name: "postgres",
          include: ["runner/test/postgres/**/*.test.ts"],
          globalSetup: ["runner/test/support/postgres/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Needs podman. `npm run test:image` runs it, `npm test` does not.
          name: "image",
          include: ["runner/test/image/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Needs Chromium. `npm run test:browser` runs it, `npm test` does not.
          name: "browser",
          include: ["runner/test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Builds the documentation site, and needs Chromium. `npm run test:site` runs it.
          name: "site",
          include: ["runner/test/site/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
