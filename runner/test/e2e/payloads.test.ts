/** The retention of payloads in the real daemon. It looks at its start at what is too old. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkDatabase } from "../../src/store/sqlite/check-database.ts";
import { runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createFileRequests } from "../support/file-requests.ts";
import { createReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const PLUGINS = {
  echo: `(input, ctx) => { ctx.log.info("read it"); return input; }`,
  throw: `() => { throw new Error("This plugin never works"); }`,
} as const;
const WAIT = { prefer: "wait=30" };
/** Less than a tenth of a second. */
const AT_ONCE = { PLAYGROUND_RETENTION_PAYLOAD_DAYS: "0.000001" };

async function openRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "playground-payloads-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return root;
}

async function open(options: Parameters<typeof startDaemon>[0]): Promise<Daemon> {
  const daemon = await startDaemon({ plugins: PLUGINS, ...options });
  onTestFinished(() => daemon.close());
  return daemon;
}

test("payloads of jobs go before the jobs, with the files that only they name, but not undelivered events", async () => {
  const root = await openRoot();
  const receiver = await createReceiver((_, response) => {
    response.statusCode = 503;
    response.end();
  });
  onTestFinished(() => receiver.close());

  const first = await open({ root });
  const { fileId } = await createFileRequests(first).upload("a,b\n1,2\n", "people.csv");
  const input = { text: "nobody else may read this", file: { $file: fileId } };
  const done = await first.post("/v1/jobs", { plugins: ["echo"], input, tags: ["t"] }, WAIT);
  const failed = await first.post("/v1/jobs", { plugins: ["throw"], input }, WAIT);
  const webhook = { url: `${receiver.url}/hook`, on: ["completed"] };
  const undelivered = await first.post("/v1/jobs", { plugins: ["echo"], input: 1, webhook }, WAIT);
  expect(done.input).toEqual(input);
  await first.end("SIGTERM");

  const second = await open({ root, env: AT_ONCE });
  await until("the payloads to be removed", async () => {
    const jobs = await second.get("/v1/jobs");
    const removed = (jobs.items as { payloadsRemovedAt: string | null }[]).filter(
      ({ payloadsRemovedAt }) => payloadsRemovedAt !== null,
    );
    return removed.length === 2;
  });
  expect(await second.get(`/v1/jobs/${done.jobId}`)).toMatchObject({
    status: "completed",
    tags: ["t"],
    input: null,
    output: null,
    steps: [{ plugin: "echo", metrics: { processedItems: 0 } }],
  });
  expect(await second.get(`/v1/jobs/${failed.jobId}`)).toMatchObject({
    input: null,
    error: "This plugin never works",
  });
  const retry = await second.request(`/v1/jobs/${failed.jobId}/retry`, { method: "POST" });
  expect([retry.status, await retry.json()]).toMatchObject([409, { code: "PAYLOADS_REMOVED" }]);
  const stream = await second.request(`/v1/jobs/${done.jobId}/events`, {
    headers: { accept: "text/event-stream" },
  });
  expect(await stream.text()).toMatch(/data: \{"status":"completed".*"payloadRemoved":true\}/);
  // The file is needed by no job, and can be deleted before it expires.
  const deleted = await second.request(`/v1/files/${fileId}`, { method: "DELETE" });
  expect(deleted.status).toBe(204);
  const shown = await runCli(["jobs", "show", done.jobId], {
    env: { PLAYGROUND_URL: second.url, PLAYGROUND_TOKEN: second.token },
  });
  expect(shown.stdout).toMatch(/Input and output removed +\S/);

  const kept = await second.get(`/v1/jobs/${undelivered.jobId}`);
  expect(kept).toMatchObject({ input: 1, output: 1, payloadsRemovedAt: null });
  await second.end("SIGTERM");
  expect(checkDatabase(join(root, "data", "playground.db")).broken).toEqual([]);
});
