/** Secrets that are set over the API, at two real daemons on one PostgreSQL. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { shareDatabase, urlOf, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { until } from "../support/until.ts";

const LIMIT = { timeoutMs: 20_000 };
const PLUGIN = `
import { definePlugin } from "playground-runner/plugin";
export default definePlugin({
  name: "uses-key",
  description: "For a test.",
  secrets: ["API_KEY"],
  run: async (_input, { secrets }) => ({ length: secrets.API_KEY.length, by: process.ppid }),
});
`;

let schema: Schema;
let shared: SharedDaemons;
let a: Daemon;
let b: Daemon;

beforeEach(async () => {
  schema = await createSchema();
  shared = await shareDatabase(urlOf(schema), {});
  a = await shared.start();
  b = await shared.start();
  // Only B has the plugin.
  await mkdir(b.pluginsDir, { recursive: true });
  await writeFile(join(b.pluginsDir, "uses-key.ts"), PLUGIN);
  await until("the plugin", async () => (await b.get("/v1/plugins")).items.some(isBroken), LIMIT);
});
afterEach(async () => {
  await shared.close();
  await schema.release();
});

const isBroken = (plugin: { name: string; status: string }): boolean =>
  plugin.name === "uses-key" && plugin.status === "broken";

const send = (daemon: Daemon, method: "PUT" | "DELETE", value?: string) =>
  daemon.request("/v1/secrets/API_KEY", {
    method,
    ...(value !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value }),
    }),
  });

test("a secret that one daemon set is used by the other, and so is its next value", async () => {
  const { jobId } = await b.post("/v1/jobs", { plugins: ["uses-key"] });
  await until("the wait", async () => (await b.get(`/v1/jobs/${jobId}`)).waitingFor, LIMIT);
  expect((await send(a, "PUT", "0123456789")).status).toBe(201);
  const job = await until(
    "the end",
    async () => {
      const found = await b.get(`/v1/jobs/${jobId}`);
      return found.endedAt === null ? null : found;
    },
    LIMIT,
  );
  expect(job).toMatchObject({ status: "completed", output: { length: 10, by: b.process.pid } });
  expect((await send(a, "PUT", "012")).status).toBe(200);
  const run = () => b.post("/v1/jobs", { plugins: ["uses-key"] }, { prefer: "wait=20" });
  await until("the next value", async () => (await run()).steps[0].output.length === 3, LIMIT);
  expect((await send(a, "DELETE")).status).toBe(204);
  await until("the removal", async () => (await b.get("/v1/plugins")).items.some(isBroken), LIMIT);
});
