/** Work of every kind in a daemon that is about to be moved, and what must be true of it afterwards. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Daemon } from "./daemon.ts";
import { createFileRequests, sha256 } from "./file-requests.ts";
import { createReceiver, type Receiver } from "./receiver.ts";
import { expectReadable, sealThings } from "./sealed-things.ts";
import { until } from "./until.ts";

/** Neither a double nor a text: JSON that a parser would change. */
const EXACT = `{"id":12345678901234567890,"text":"\\u0000 caf\\u00e9 🦆"}`;
const FAR_AWAY = "2099-01-01T00:00:00Z";
const WAIT = { prefer: "wait=30" };

export const MOVED_PLUGINS = {
  echo: "(input) => input",
  throws: `async () => { throw new Error("on purpose"); }`,
  write: `async ({ text }, ctx) => ({ written: await ctx.artifacts.write("out.txt", Buffer.from(text)) })`,
  gate: `async ({ file }) => {
    while (!existsSync(file)) await sleep(5);
    return "open";
  }`,
};

export interface MovedWork {
  /** Checks that nothing is lost, and that what was open is ended. The receiver is open since before its start. */
  expectDone(daemon: Daemon): Promise<void>;
}

/** An endpoint that answers nothing under `/later` before `open` is called: its attempts stay in flight. */
export async function createLaterReceiver(): Promise<Receiver & { open(): void }> {
  let isOpen = false;
  const receiver = await createReceiver(({ path }, response) => {
    if (isOpen || !path.startsWith("/later")) response.end("ok");
  });
  return { ...receiver, open: () => void (isOpen = true) };
}

/** `root` is a folder for signs. The daemon can be killed or stopped when this resolves. */
export async function fillWithWork(
  daemon: Daemon,
  { root, receiver }: { root: string; receiver: Receiver & { open(): void } },
): Promise<MovedWork> {
  const gate = join(root, "gate");
  const post = (body: object, headers: Record<string, string> = {}) =>
    daemon.post("/v1/jobs", body, headers);
  const raw = (key: string, to: Daemon = daemon): Promise<Response> =>
    to.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: `{"plugins":["echo"],"input":${EXACT},"metadata":${EXACT}}`,
    });
  const own = { url: `${receiver.url}/later`, headers: { "X-Key": "own" } };

  await sealThings(daemon, receiver);
  await expectReadable(daemon, receiver);
  const paused = await daemon.post("/v1/webhooks", {
    url: `${receiver.url}/paused`,
    jobName: "unsent",
  });
  await setState(daemon, paused.id, "paused");
  const exact = ((await (await raw("exact")).json()) as { jobId: string }).jobId;
  await until("the exact job", async () => {
    return (await daemon.get(`/v1/jobs/${exact}`)).status === "completed";
  });
  const failed = await post({ plugins: ["throws"], tags: ["kept"] }, WAIT);
  await post({ plugins: ["echo"], name: "unsent", webhook: own }, WAIT);
  const files = createFileRequests(daemon);
  const uploaded = await files.upload("of a client");
  const wrote = await post({ plugins: ["write"], input: { text: "of a plugin" } }, WAIT);
  const batchBody = {
    jobs: [{ plugins: ["echo"] }, { plugins: ["gate"], input: { file: gate } }],
    webhook: { url: `${receiver.url}/batch` },
  };
  const batch = await daemon.post("/v1/batches", batchBody, { "idempotency-key": "batch" });
  const running = await post({ plugins: ["gate"], input: { file: gate } });
  const queued = await post({
    plugins: ["echo"],
    input: { file: { $file: uploaded.fileId } },
    runAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  // Both threads are in the gate.
  const behind = await post({ plugins: ["echo"], input: 2 });
  await post({ plugins: ["echo"], runAt: FAR_AWAY, name: "far" });
  await daemon.post("/v1/schedules", {
    key: "yearly",
    cron: "0 0 1 1 *",
    job: { plugins: ["echo"] },
  });
  await receiver.untilReceived(1, ({ path }) => path === "/later");
  await until("the job to run", async () => {
    const first = await daemon.get(`/v1/jobs/${batch.jobs[0].jobId}`);
    const second = await daemon.get(`/v1/jobs/${running.jobId}`);
    return first.status === "completed" && second.status === "running";
  });
  const before = await readKept(daemon);
  const text = await textOf(daemon, exact);

  return {
    async expectDone(moved) {
      expect(await readKept(moved)).toEqual(before);
      expect(await (await raw("exact", moved)).json()).toMatchObject({ jobId: exact });
      expect(await textOf(moved, exact)).toBe(text);
      for (const part of ["12345678901234567890", String.raw`\u0000`]) expect(text).toContain(part);
      expect(await moved.get(`/v1/jobs/${failed.jobId}`)).toMatchObject({
        status: "failed",
        errorCode: "PLUGIN_THREW",
        tags: ["kept"],
      });

      const { written } = (await moved.get(`/v1/jobs/${wrote.jobId}`)).output;
      const content = await moved.request(`/v1/files/${written.$file}/content`);
      expect(sha256(await content.text())).toBe(sha256("of a plugin"));
      expect(await (await moved.request(`/v1/files/${uploaded.fileId}/content`)).text()).toBe(
        "of a client",
      );
      const inUse = await moved.request(`/v1/files/${uploaded.fileId}`, { method: "DELETE" });
      expect(inUse.status).toBe(409);
      expect((await moved.get(`/v1/jobs/${queued.jobId}`)).status).toBe("queued");

      await setState(moved, paused.id, "active");
      const kinds = ["started", "progress", "completed"];
      const sent = await receiver.untilReceived(4, ({ path }) => path === "/later");
      // The first was in flight when its daemon was killed.
      expect(sent.map(({ event }) => event.status)).toEqual([kinds[0], ...kinds]);
      expect(new Set(sent.map(({ headers }) => headers["x-key"]))).toEqual(new Set(["own"]));
      expect(sent[0]?.headers["webhook-id"]).toBe(sent[1]?.headers["webhook-id"]);
      const resumed = await receiver.untilReceived(3, ({ path }) => path === "/paused");
      expect(resumed.map(({ event }) => event.status)).toEqual(kinds);

      writeFileSync(gate, "");
      for (const { jobId } of [running, behind]) {
        await until(`the end of ${jobId}`, async () => {
          return (await moved.get(`/v1/jobs/${jobId}`)).status === "completed";
        });
      }
      const [callback] = await receiver.untilReceived(1, ({ path }) => path === "/batch");
      expect(callback?.event).toMatchObject({ batchId: batch.batchId, status: "completed" });
      const again = await moved.post("/v1/batches", batchBody, { "idempotency-key": "batch" });
      expect(again.batchId).toBe(batch.batchId);
      await expectReadable(moved, receiver);
    },
  };
}

async function setState(daemon: Daemon, webhook: string, state: string): Promise<void> {
  const response = await daemon.request(`/v1/webhooks/${webhook}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ state }),
  });
  expect(response.status).toBe(200);
}

/** Without the daemon's address. */
async function textOf(daemon: Daemon, jobId: string): Promise<string> {
  const text = await (await daemon.request(`/v1/jobs/${jobId}`)).text();
  return text.replaceAll(daemon.url, "");
}

/** What a move must not change. */
async function readKept(daemon: Daemon): Promise<unknown> {
  const [schedules, slots, webhooks, secrets, completed] = await Promise.all(
    [
      "/v1/schedules",
      "/v1/schedules/by-hand/slots",
      "/v1/webhooks",
      "/v1/secrets",
      "/v1/jobs?status=completed",
    ].map((path) => daemon.get(path)),
  );
  const webhook = ({ id, url, state, on, createdAt }: Record<string, unknown>) => ({
    id,
    url,
    state,
    on,
    createdAt,
  });
  // A daemon writes its own address into links.
  const job = (shown: object) => ({ ...shown, url: null });
  return {
    schedules,
    slots,
    secrets,
    completed: completed.items.map(job),
    webhooks: webhooks.items.map(webhook),
  };
}
