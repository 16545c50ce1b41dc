/** Batches on the real daemon: many jobs, one callback. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { AcceptedBatch, Batch, BatchCallback } from "../../src/http/contract/batches.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const PLUGINS = {
  /** Fails for every tenth number, and is slower for even ones. */
  work: `async (input) => {
    if (input.n % 2 === 0) await sleep(3);
    if (input.n % 10 === 9) throw new Error("Not " + input.n);
    return { n: input.n };
  }`,
  note: `(input) => {
    appendFileSync(input.ledger, input.line + "\\n");
    return input.line;
  }`,
  "until-file": `async (input) => {
    while (!existsSync(input.file)) await sleep(5);
    return "seen";
  }`,
};
const WAIT = { prefer: "wait=30" };

let daemon: Daemon;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-batches-"));
  daemon = await startDaemon({ plugins: PLUGINS });
});
afterAll(async () => {
  await daemon.close();
  await rm(folder, { recursive: true, force: true });
});

async function openReceiver(...args: Parameters<typeof createReceiver>): Promise<Receiver> {
  const receiver = await createReceiver(...args);
  onTestFinished(() => receiver.close());
  return receiver;
}

const work = (n: number) => ({ plugins: ["work"], input: { n }, name: `work ${n}` });

let files = 0;
/** A job that ends when the test calls `open`. */
function blockedJob() {
  const file = join(folder, `blocked-${(files += 1)}`);
  return {
    job: { plugins: ["until-file"], input: { file } },
    open: () => writeFile(file, ""),
  };
}

function request(method: string, path: string, body: unknown, headers = {}): Promise<Response> {
  return daemon.request(path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

/** Waits until the batch's callback is delivered or given up. Returns the statuses of its attempts. */
async function untilCallbackEnded(batchId: string): Promise<number[]> {
  return until("the callback's end", async () => {
    const { items } = await daemon.get(`/v1/deliveries?batchId=${batchId}`);
    expect(items).toHaveLength(1);
    const { state, attempts } = await daemon.get(`/v1/deliveries/${items[0].deliveryId}`);
    const hasEnded = state === "delivered" || state === "dead";
    return hasEnded ? attempts.map((one: { status: number }) => one.status) : null;
  });
}

test("one callback reports all 200 jobs, 20 of which fail, in the order of the request", async () => {
  const receiver = await openReceiver();
  const jobs = Array.from({ length: 200 }, (_, n) => work(n));
  const webhook = { url: `${receiver.url}/callback`, headers: { "X-Key": "k" } };
  const batch = await daemon.post("/v1/batches", { jobs, webhook });
  expect(AcceptedBatch.parse(batch)).toMatchObject({ status: "running" });
  const [callback] = await receiver.untilReceived(1);
  expect(BatchCallback.parse(callback?.event)).toEqual(callback?.event);
  expect(callback?.headers["x-key"]).toBe("k");
  const counts = { total: 200, queued: 0, running: 0, completed: 180, failed: 20 };
  expect(callback?.event).toMatchObject({ batchId: batch.batchId, status: "failed", counts });
  const ids = batch.jobs.map((job: { jobId: string }) => job.jobId);
  expect(callback?.event.jobs.map((job: { jobId: string }) => job.jobId)).toEqual(ids);

  const ended = Batch.parse(await daemon.get(`/v1/batches/${batch.batchId}`));
  expect(ended).toMatchObject({
    status: "failed",
    counts,
    webhook: { headers: { "X-Key": "***" } },
  });
  for (const [n, job] of ended.jobs.entries()) {
    expect(job).toMatchObject(
      n % 10 === 9
        ? {
            name: `work ${n}`,
            status: "failed",
            error: `Not ${n}`,
            errorCode: "PLUGIN_THREW",
            output: null,
          }
        : { name: `work ${n}`, status: "completed", error: null, errorCode: null, output: { n } },
    );
  }
  expect(await untilCallbackEnded(batch.batchId)).toEqual([200]);
  expect(receiver.received).toHaveLength(1);
});

describe("waiting for a batch", () => {
  test("returns all outputs in the response, and needs no callback", async () => {
    const answer = await request("POST", "/v1/batches", { jobs: [work(1), work(9)] }, WAIT);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("preference-applied")).toBe("wait=30");
    const batch = Batch.parse(await answer.json());
    expect(batch.status).toBe("failed");
    expect(batch.jobs.map(({ output }) => output)).toEqual([{ n: 1 }, null]);
  });

  test("ends with 202 when one job takes longer", async () => {
    const { job, open } = blockedJob();
    const answer = await request(
      "POST",
      "/v1/batches",
      { jobs: [work(1), job] },
      { prefer: "wait=1" },
    );
    expect(answer.status).toBe(202);
    const { batchId, jobs } = AcceptedBatch.parse(await answer.json());
    expect(jobs.map(({ status }) => status)).toEqual(["completed", "running"]);
    await open();
    await until(
      "the batch to end",
      async () => (await daemon.get(`/v1/batches/${batchId}`)).endedAt,
    );
  });
});

describe("idempotency", () => {
  test("concurrent requests with the same key create one batch and run each job once", async () => {
    const ledger = join(folder, "once");
    const jobs = ["a", "b", "c"].map((line) => ({ plugins: ["note"], input: { ledger, line } }));
    const key = { ...WAIT, "idempotency-key": "batch-once" };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => request("POST", "/v1/batches", { jobs }, key)),
    );
    const batches = await Promise.all(
      answers.map(async (answer) => Batch.parse(await answer.json())),
    );
    expect(new Set(batches.map(({ batchId }) => batchId)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.has("idempotent-replayed"))).toHaveLength(7);
    expect((await readFile(ledger, "utf8")).trim().split("\n").toSorted()).toEqual(["a", "b", "c"]);
    const other = await request("POST", "/v1/batches", { jobs: jobs.slice(1) }, key);
    expect(other.status).toBe(422);
  });

  test("a job with its own key runs once, in any batch or as a single job", async () => {
    const ledger = join(folder, "jobs-once");
    const note = (line: string) => ({ plugins: ["note"], input: { ledger, line } });
    const single = await daemon.post("/v1/jobs", note("a"), {
      ...WAIT,
      "idempotency-key": "key-a",
    });
    const jobs = ["b", "a", "b"].map((line) => ({ ...note(line), idempotencyKey: `key-${line}` }));
    const first = Batch.parse(await daemon.post("/v1/batches", { jobs }, WAIT));
    expect(first.jobs.map(({ output }) => output)).toEqual(["b", "a", "b"]);
    expect(first.jobs[1]?.jobId).toBe(single.jobId);
    // All of its jobs exist and have ended: only the batch itself can be waited for.
    const second = Batch.parse(await daemon.post("/v1/batches", { jobs }, WAIT));
    expect(second.batchId).not.toBe(first.batchId);
    expect(second.jobs).toEqual(first.jobs);
    expect((await readFile(ledger, "utf8")).trim().split("\n").toSorted()).toEqual(["a", "b"]);
    const reused = { jobs: [work(1), { ...note("c"), idempotencyKey: "key-a" }] };
    expect((await request("POST", "/v1/batches", reused)).status).toBe(422);
  });
});

test("a batch with invalid jobs runs none of its jobs, and the refusal names each invalid one", async () => {
  const name = "not to be run";
  const wrong = { plugins: ["csv-profile"], input: { text: 5 }, name };
  const answer = await request("POST", "/v1/batches", {
    jobs: [wrong, { ...work(1), name }, wrong],
  });
  expect(answer.status).toBe(400);
  const problem = (await answer.json()) as { code: string; issues: { path: string }[] };
  expect(problem.code).toBe("INPUT_INVALID");
  expect(problem.issues.map(({ path }) => path)).toEqual([
    "/jobs/0/input/text",
    "/jobs/2/input/text",
  ]);
  expect((await daemon.get(`/v1/jobs?name=${encodeURIComponent(name)}`)).items).toEqual([]);
});

describe("setting a webhook later", () => {
  test("before the end sends the callback at the end", async () => {
    const receiver = await openReceiver();
    const { job, open } = blockedJob();
    const { batchId } = await daemon.post("/v1/batches", { jobs: [job] }, { prefer: "wait=1" });
    const put = await request("PUT", `/v1/batches/${batchId}/webhook`, { url: receiver.url });
    expect(put.status).toBe(200);
    expect(Batch.parse(await put.json()).status).toBe("running");
    await open();
    const [callback] = await receiver.untilReceived(1);
    expect(callback?.event).toMatchObject({ batchId, status: "completed" });
  });

  test("after the end sends the callback immediately, and only once", async () => {
    const receiver = await openReceiver();
    const { batchId } = await daemon.post("/v1/batches", { jobs: [work(1)] }, WAIT);
    const webhook = { url: receiver.url, retries: 10 };
    for (const status of [200, 200]) {
      const put = await request("PUT", `/v1/batches/${batchId}/webhook`, webhook);
      expect(put.status).toBe(status);
    }
    expect(await untilCallbackEnded(batchId)).toEqual([200]);
    expect(receiver.received).toHaveLength(1);
    const other = await request("PUT", `/v1/batches/${batchId}/webhook`, {
      ...webhook,
      retries: 1,
    });
    expect(other.status).toBe(409);
  });
});

test.each([
  ["409 twice, because the execution does not wait yet,", [409, 409, 200]],
  ["404 and 503", [404, 503, 200]],
])("a callback that gets %s is sent again unchanged until it succeeds", async (_, statuses) => {
  const answers = [...statuses];
  const receiver = await openReceiver(
    (_received, response) => void response.writeHead(answers.shift() ?? 200).end(),
  );
  const webhook = { url: receiver.url, retries: 10 };
  const { batchId } = await daemon.post("/v1/batches", { jobs: [work(1)], webhook }, WAIT);
  expect(await untilCallbackEnded(batchId)).toEqual(statuses);
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

test("a batch survives a kill: every job runs, and the callback is sent", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-batch-kill-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const receiver = await openReceiver();
  const first = await startDaemon({ root, plugins: PLUGINS });
  onTestFinished(() => first.close());
  const { job, open } = blockedJob();
  const jobs = [job, ...Array.from({ length: 20 }, (_, n) => work(n * 10))];
  const webhook = { url: receiver.url };
  const { batchId } = await first.post("/v1/batches", { jobs, webhook });
  await first.end("SIGKILL");
  await open();
  const second = await startDaemon({ root });
  onTestFinished(() => second.close());
  const [callback] = await receiver.untilReceived(1);
  expect(callback?.event).toMatchObject({
    batchId,
    status: "completed",
    counts: { completed: 21 },
  });
});
