import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["runner/src/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "n8n-nodes",
          include: ["n8n-nodes-playground/test/unit/**/*.test.ts"],
        },
      },
      {
        test: {
          name: "runner",
          include: ["runner/test/{conformance,faults,e2e}/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
