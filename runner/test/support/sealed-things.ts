/** A daemon with something of each kind that the vault seals, and what shows that it can still be read. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Daemon } from "./daemon.ts";
import type { Receiver } from "./receiver.ts";
import { until } from "./until.ts";

export const SECRET_VALUE = "sk-0123456789-abcdef";
const PLUGIN = `
import { definePlugin } from "playground-runner/plugin";
export default definePlugin({
  name: "uses-key",
  description: "For a test.",
  secrets: ["API_KEY"],
  run: async (_input, { secrets }) => secrets.API_KEY.length,
});
`;

export async function addPlugin(pluginsDir: string): Promise<void> {
  await mkdir(pluginsDir, { recursive: true });
  await writeFile(join(pluginsDir, "uses-key.ts"), PLUGIN);
}

/** Sets a secret, registers a webhook, and makes a schedule that only runs on request. */
export async function sealThings(daemon: Daemon, receiver: Receiver): Promise<void> {
  const put = await daemon.request("/v1/secrets/API_KEY", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ value: SECRET_VALUE }),
  });
  expect(put.ok).toBe(true);
  const hook = (path: string, key: string) => ({
    url: `${receiver.url}${path}`,
    headers: { "X-Key": key },
    on: ["completed"],
  });
  await daemon.post("/v1/webhooks", hook("/registered", "of the webhook"));
  await until(
    "the plugin",
    async () => (await daemon.get("/v1/plugins/uses-key")).status === "ready",
  );
  await daemon.post("/v1/schedules", {
    key: "by-hand",
    at: "2099-01-01T00:00:00Z",
    job: { plugins: ["uses-key"], webhook: hook("/scheduled", "of the schedule") },
  });
}

/** Runs the schedule: its job needs the secret, and its webhooks their headers. */
export async function expectReadable(daemon: Daemon, receiver: Receiver): Promise<void> {
  const { jobId } = await daemon.post("/v1/schedules/by-hand/run", {});
  const received = await receiver.untilReceived(2, ({ event }) => event.jobId === jobId);
  const found = received.map(({ path, headers, event }) => {
    const { output } = event.result as { output: unknown };
    return `${path}: ${String(headers["x-key"])}, ${String(output)}`;
  });
  expect(new Set(found)).toEqual(
    new Set([
      `/registered: of the webhook, ${SECRET_VALUE.length}`,
      `/scheduled: of the schedule, ${SECRET_VALUE.length}`,
    ]),
  );
}
