import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Thousands of requests, crashing daemons, real waits. `npm run test:slow` runs them, `npm test` does not. */
const SLOW = [
  "runner/test/e2e/{backup,fuzz,known-plugins,stalled-log-reader}.test.ts",
  "runner/test/faults/{executor,executor-channel,hostile-*,last-attempts,make-and-n8n,noisy-neighbour,plugin-*,slow-disk,unread-responses,upgrade}.test.ts",
];

/** Daemons under load with every kind of fault. `npm run test:faults` runs them. */
const FAULTS = ["runner/test/faults/{kills,faults}.test.ts"];

export default defineConfig({
  test: {
    // The tests' threads read the modules that `npm run warm` has compiled. A thread that strips types
    // itself loads a WebAssembly compiler, and V8 has crashed with hundreds of those in one process.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("runner/.cache/compile", import.meta.url)) },
    // Most tests wait for disks, sockets and threads, so that more than one can run per core.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      {
        test: {
          name: "unit",
          include: ["runner/src/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "n8n-nodes",
          include: ["n8n-nodes-playground/test/unit/**/*.test.mts"],
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
          // Needs Chromium. `npm run test:browser` runs it, `npm test` does not.
          name: "browser",
          include: ["runner/test/browser/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
