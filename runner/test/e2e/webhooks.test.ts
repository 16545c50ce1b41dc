/** Persistent webhooks on the real daemon: what a receiver gets, and what happens when it fails. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook as Verifier } from "standardwebhooks";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { EVENT_PAYLOADS } from "../../src/http/contract/events.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Received, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const PLUGINS = {
  echo: `(input) => input`,
  throw: `() => { throw new Error("This plugin never works"); }`,
};
const WAIT = { prefer: "wait=30" };
const ALL = ["started", "progress", "completed"];

let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon({ plugins: PLUGINS });
});
afterAll(() => daemon.close());

async function openReceiver(...args: Parameters<typeof createReceiver>): Promise<Receiver> {
  const receiver = await createReceiver(...args);
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Each test has its own job name, so that its webhooks receive only its own jobs' events. */
let names = 0;
const newName = (): string => `job ${(names += 1)}`;

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function register(body: object): Promise<any> {
  const webhook = await daemon.post("/v1/webhooks", body);
  onTestFinished(async () => {
    await daemon.request(`/v1/webhooks/${webhook.id}`, { method: "DELETE" });
  });
  return webhook;
}

async function patch(id: string, body: object) {
  const answer = await daemon.request(`/v1/webhooks/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

async function runJob(name: string, plugins: readonly string[] = ["echo"]): Promise<string> {
  const { jobId } = await daemon.post("/v1/jobs", { plugins, input: { name }, name }, WAIT);
  return jobId as string;
}

/** Throws when no signature of the request was made with the secret. */
function verify({ body, headers }: Received, secret: string): void {
  new Verifier(secret).verify(body, headers as Record<string, string>);
}

const deliveriesOf = (webhookId: string, query = "") =>
  daemon.get(`/v1/deliveries?webhookId=${webhookId}${query}`);

test("a webhook receives every event of the jobs that it wants, signed and only once", async () => {
  const receiver = await openReceiver();
  const jobName = newName();
  const request = {
    url: `${receiver.url}/hook`,
    jobName,
    plugins: ["echo"],
    headers: { "X-Key": "k" },
  };
  const { id, secret } = await register(request);
  await runJob(jobName);
  await runJob("another name");
  await runJob(jobName, ["throw"]);
  const last = await runJob(jobName, ["throw", "echo"]);
  const received = await receiver.untilReceived(5);
  await until(
    "no more deliveries",
    async () => (await deliveriesOf(id, "&state=due")).items.length === 0,
  );
  expect(receiver.received).toHaveLength(5);
  expect(received.map(({ event }) => event.status)).toEqual([...ALL, "started", "failed"]);
  expect(received.slice(3).map(({ event }) => event.jobId)).toEqual([last, last]);
  for (const one of received) {
    verify(one, secret);
    expect(() => verify({ ...one, body: one.body.replace("{", "{ ") }, secret)).toThrow();
    expect(one.headers["x-key"]).toBe("k");
  }

  const again = await daemon.request("/v1/webhooks", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  expect(again.status).toBe(200);
  const same = (await again.json()) as Record<string, unknown>;
  expect(same).toMatchObject({ id });
  expect(same).not.toHaveProperty("secret");
  await runJob(jobName);
  const more = await receiver.untilReceived(8);
  // Registering it twice does not send events twice.
  expect(more).toHaveLength(8);
});

test("a new url receives what was queued for the old one", async () => {
  const old = await openReceiver((_, response) => void response.writeHead(503).end());
  const receiver = await openReceiver();
  const jobName = newName();
  const { id, secret } = await register({ url: old.url, jobName, retries: 10 });
  const jobId = await runJob(jobName);
  await old.untilReceived(1);
  await patch(id, { url: receiver.url });
  const received = await receiver.untilReceived(3);
  expect(received.map(({ event }) => [event.jobId, event.status])).toEqual(
    ALL.map((status) => [jobId, status]),
  );
  for (const one of received) verify(one, secret);
});

test("a paused webhook queues its events, and sends them in order when it is resumed", async () => {
  const receiver = await openReceiver();
  const jobName = newName();
  const { id } = await register({ url: receiver.url, jobName });
  await patch(id, { state: "paused" });
  const jobs = [await runJob(jobName), await runJob(jobName)];
  expect((await deliveriesOf(id)).items).toHaveLength(6);
  expect(receiver.received).toEqual([]);
  await patch(id, { state: "active" });
  const received = await receiver.untilReceived(6);
  for (const jobId of jobs) {
    const ofJob = received.filter(({ event }) => event.jobId === jobId);
    expect(ofJob.map(({ event }) => event.sequence)).toEqual([1, 2, 3]);
  }
});

test("a removed webhook receives no more events, not even those that were queued", async () => {
  const receiver = await openReceiver();
  const jobName = newName();
  const { id } = await register({ url: receiver.url, jobName });
  await patch(id, { state: "paused" });
  await runJob(jobName);
  expect((await daemon.request(`/v1/webhooks/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await daemon.request(`/v1/webhooks/${id}`)).status).toBe(404);
  expect((await deliveriesOf(id)).items).toEqual([]);
  const other = await register({ url: receiver.url, jobName, on: ["completed"] });
  await runJob(jobName);
  await receiver.untilReceived(1);
  expect(receiver.received.map(({ event }) => event.status)).toEqual(["completed"]);
  expect(other.id).not.toBe(id);
});

test("after a rotation, both the old and the new secret verify a signature", async () => {
  const receiver = await openReceiver();
  const jobName = newName();
  const before = await register({ url: receiver.url, jobName, on: ["completed"] });
  const rotated = await daemon.post(`/v1/webhooks/${before.id}/rotate-secret`, {});
  const hours = (Date.parse(rotated.previousSecretUntil) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThanOrEqual(24);
  await runJob(jobName);
  const [one] = await receiver.untilReceived(1);
  expect(one?.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  for (const secret of [before.secret, rotated.secret]) verify(one as Received, secret);
  const unknown = `whsec_${Buffer.alloc(32).toString("base64")}`;
  expect(() => verify(one as Received, unknown)).toThrow();
});

test("a 410 switches a webhook off with the reason, and once active again it can recover failed deliveries in order", async () => {
  let isGone = true;
  // The webhook would miss events that happen after the first 410.
  const hasEnded = Promise.withResolvers<void>();
  const receiver = await openReceiver((_, response) => {
    void hasEnded.promise.then(() => response.writeHead(isGone ? 410 : 200).end());
  });
  const jobName = newName();
  const { id } = await register({ url: receiver.url, jobName });
  const since = new Date(Date.now() - 1_000).toISOString();
  const jobId = await runJob(jobName);
  hasEnded.resolve();
  const off = await until("the webhook to be off", async () => {
    const webhook = await daemon.get(`/v1/webhooks/${id}`);
    return webhook.state === "off" ? webhook : null;
  });
  expect(off).toMatchObject({ enabled: false, reason: expect.stringContaining("410") });
  // A webhook that is off misses events.
  await runJob(jobName);
  isGone = false;
  await patch(id, { state: "active" });
  const dead = (await deliveriesOf(id, "&state=dead")).items;
  expect(dead.map((one: { jobId: string }) => one.jobId)).toEqual([jobId, jobId, jobId]);
  expect(await daemon.post(`/v1/webhooks/${id}/recover`, { since })).toEqual({
    recovered: 3,
    more: false,
  });
  const recovered = (await receiver.untilReceived(4)).slice(1);
  expect(recovered.map(({ event }) => [event.jobId, event.sequence])).toEqual([
    [jobId, 1],
    [jobId, 2],
    [jobId, 3],
  ]);
  await until(
    "all deliveries to succeed",
    async () => (await deliveriesOf(id, "&state=delivered")).items.length === 3,
  );
});

test("a redelivery sends the same id and bytes, and the delivery shows every attempt", async () => {
  const answers = [400, 200, 200];
  const receiver = await openReceiver(
    (_, response) => void response.writeHead(answers.shift() ?? 500).end("seen"),
  );
  const jobName = newName();
  const { id } = await register({ url: receiver.url, jobName, on: ["completed"] });
  await runJob(jobName);
  const dead = await until("the delivery to be given up", async () => {
    return (await deliveriesOf(id, "&state=dead")).items[0];
  });
  const path = `/v1/deliveries/${dead.deliveryId}`;
  for (const attempts of [2, 3]) {
    await daemon.post(`${path}/redeliver`, {});
    await until("the redelivery to succeed", async () => {
      const { state, attemptCount } = await daemon.get(path);
      return state === "delivered" && attemptCount === attempts;
    });
  }
  const { attempts, eventId } = await daemon.get(path);
  expect(attempts.map((one: { status: number }) => one.status)).toEqual([400, 200, 200]);
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([
    eventId,
    eventId,
    eventId,
  ]);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
});

test("a test sends a signed sample of each event kind, marked as a test and complete like real events", async () => {
  const receiver = await openReceiver();
  const { id, secret } = await register({ url: receiver.url, jobName: newName() });
  const { results } = await daemon.post(`/v1/webhooks/${id}/test`, {});
  expect(results.map((one: { event: string; ok: boolean }) => [one.event, one.ok])).toEqual(
    ["started", "progress", "completed", "failed"].map((kind) => [kind, true]),
  );
  expect(receiver.received).toHaveLength(4);
  for (const one of receiver.received) {
    verify(one, secret);
    const kind = one.event.status as keyof typeof EVENT_PAYLOADS;
    expect(one.event.test).toBe(true);
    expect(EVENT_PAYLOADS[kind].parse(one.event)).toEqual(one.event);
  }
  // A test is not a delivery: nothing is stored.
  expect((await deliveriesOf(id)).items).toEqual([]);
});

test("no file, response or log contains a secret or a header value", async () => {
  const HEADER = "Bearer needle-in-a-header";
  const given = `whsec_${Buffer.from("needle-in-a-secret-of-32-bytes!!").toString("base64")}`;
  const own = await startDaemon({ plugins: PLUGINS, env: { PLAYGROUND_LOG_LEVEL: "trace" } });
  onTestFinished(() => own.close());
  // A 400 is final and does not count as a failing endpoint, so that every delivery is attempted.
  const receiver = await openReceiver((_, response) => void response.writeHead(400).end());
  const headers = { Authorization: HEADER };
  const webhook = { url: receiver.url, headers };
  const persistent = { ...webhook, on: ["completed"], secret: given };
  const { id } = await own.post("/v1/webhooks", persistent);
  const { secret: made } = await own.post(`/v1/webhooks/${id}/rotate-secret`, {});
  const job = { plugins: ["echo"], webhook };
  const { jobId } = await own.post("/v1/jobs", job, WAIT);
  const batch = await own.post("/v1/batches", { jobs: [job], webhook }, WAIT);
  const received = await receiver.untilReceived(3 + 3 + 1 + 2);
  expect(received.every((one) => one.headers.authorization === HEADER)).toBe(true);
  await until("every delivery to be given up", async () => {
    const { items } = await own.get("/v1/deliveries?state=dead&limit=500");
    return items.length === received.length;
  });
  const answers = await Promise.all(
    [
      "/v1/webhooks",
      `/v1/webhooks/${id}`,
      `/v1/jobs/${jobId}`,
      `/v1/jobs/${jobId}/events`,
      `/v1/batches/${batch.batchId}`,
      "/v1/deliveries?limit=500",
      "/metrics",
    ].map(async (path) => (await own.request(path)).text()),
  );
  const files = await filesIn(own.dataDir);
  expect(files.map(({ name }) => name)).toContain("playground.db");
  // The URL is not secret: finding it shows that the search works.
  expect(files.some(({ bytes }) => bytes.includes(receiver.url))).toBe(true);
  for (const needle of [HEADER, "needle-in-a-header", given, made, made.slice(6)]) {
    for (const { name, bytes } of files) expect(bytes.includes(needle), name).toBe(false);
    for (const text of answers) expect(text).not.toContain(needle);
    expect(own.output()).not.toContain(needle);
  }
  expect(answers.join()).toContain("***");
  expect(own.output()).toContain("delivery.attempted");
});

async function filesIn(folder: string): Promise<{ name: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "secret-key");
  return Promise.all(
    files.map(async ({ name, parentPath }) => ({
      name,
      bytes: await readFile(join(parentPath, name)),
    })),
  );
}

test("a start with another PLAYGROUND_SECRET_KEY is refused, and the right key still works", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-key-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const receiver = await openReceiver();
  const toEnv = (fill: number) => ({
    PLAYGROUND_SECRET_KEY: Buffer.alloc(32, fill).toString("base64"),
  });
  const first = await startDaemon({ root, plugins: PLUGINS, env: toEnv(1) });
  onTestFinished(() => first.close());
  const { secret } = await first.post("/v1/webhooks", { url: receiver.url, on: ["completed"] });
  expect(await first.end("SIGTERM")).toBe(0);

  const wrong = startDaemon({ root, env: toEnv(2) });
  await expect(wrong).rejects.toThrow("is not the key that this database was encrypted with");
  // The daemon exited on its own, and not because the test stopped waiting.
  await expect(wrong).rejects.toThrow("exited with code 1");
  await expect(wrong).rejects.not.toThrow(toEnv(2).PLAYGROUND_SECRET_KEY);

  const again = await startDaemon({ root, env: toEnv(1) });
  onTestFinished(() => again.close());
  await again.post("/v1/jobs", { plugins: ["echo"] });
  const [one] = await receiver.untilReceived(1);
  verify(one as Received, secret);
});

test("a webhook or a job can accept any certificate of its endpoint, which is shown and logged", async () => {
  const fixture = (part: string): Promise<Buffer> =>
    readFile(new URL(`../support/tls/self-signed-localhost.${part}.pem`, import.meta.url));
  const arrived: string[] = [];
  const server = createServer(
    { key: await fixture("key"), cert: await fixture("cert") },
    (request, response) => {
      arrived.push(request.url ?? "");
      response.end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jobName = newName();
  const url = `${base}/persistent`;
  const webhook = await register({ url, on: ["completed"], jobName, retries: 0, verifyTls: false });
  expect(webhook).toMatchObject({ verifyTls: false });
  expect(daemon.output()).toContain("webhook.certificate-not-checked");
  const own = (path: string, more: object) => ({
    plugins: ["echo"],
    name: jobName,
    webhook: { url: base + path, on: ["completed"], retries: 0, ...more },
  });
  const job = await daemon.post("/v1/jobs", own("/own", { verifyTls: false }), WAIT);
  expect(job.webhook).toMatchObject({ verifyTls: false });
  await until("both to arrive", () => arrived.length === 2);
  expect(arrived.toSorted()).toEqual(["/own", "/persistent"]);

  const checked = await daemon.request(`/v1/webhooks/${webhook.id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ verifyTls: true }),
  });
  expect(await checked.json()).toMatchObject({ verifyTls: true });
  const { jobId } = await daemon.post("/v1/jobs", own("/checked", {}), WAIT);
  const deliveries = await until("both to be given up", async () => {
    const { items } = await daemon.get(`/v1/deliveries?state=dead&jobId=${jobId}`);
    return items.length === 2 ? items : null;
  });
  expect(JSON.stringify(deliveries)).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(arrived).toHaveLength(2);
});
