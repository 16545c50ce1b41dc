/** A client's view of the daemon: a real process, real plugins and real endpoints, only over HTTP. */
import { mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { dropPlugin, startDaemon, type Daemon } from "../support/daemon.ts";
import { readFrames } from "../support/event-stream.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

const PLUGINS = {
  echo: `(input) => input`,
  "add-one": `(input) => input + 1`,
  throw: `() => { throw new Error("This plugin never works"); }`,
  size: `(input) => ({ characters: input.text.length })`,
  grow: `(input) => "x".repeat(input)`,
  "wait-for-stop": `(_, { signal }) => new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  })`,
  /** Writes a line when it runs. With the option `go`, waits until that file exists. */
  note: `async (input, { options, job }) => {
    const { go } = options;
    appendFileSync(job.input.ledger, (options.line ?? job.name) + "\\n");
    while (go !== undefined && !existsSync(go)) await sleep(5);
    return input;
  }`,
  "needs-file": `(input, { job }) => {
    if (!existsSync(job.input.file)) throw new Error("The file is not there yet");
    return input;
  }`,
  chatty: `(_, { log, progress }) => {
    log.warn("from ctx.log", { n: 1 });
    console.log("from the console");
    progress(0.5, "half way");
    return null;
  }`,
} as const;

let daemon: Daemon;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-journey-"));
  // With one thread, a running job keeps every other job waiting.
  daemon = await startDaemon({ plugins: PLUGINS, env: { PLAYGROUND_THREADS: "1" } });
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

async function untilStatus(jobId: string, status: string) {
  return until(`the job to be ${status}`, async () => {
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    return job.status === status ? job : null;
  });
}

const WAIT = { prefer: "wait=30" };

describe("events", () => {
  test("of all four kinds arrive in order, with the webhook's own headers", async () => {
    const receiver = await openReceiver();
    const webhook = {
      url: `${receiver.url}/hook?key=1`,
      headers: { Authorization: "Bearer mine", "X-Custom": "yes" },
    };
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["add-one", "add-one", "throw"],
      input: 1,
      webhook,
      name: "the four kinds",
      metadata: { customer: 7 },
    });
    await receiver.untilReceived(4);
    expect(receiver.received.map(({ event }) => [event.sequence, event.status])).toEqual([
      [1, "started"],
      [2, "progress"],
      [3, "progress"],
      [4, "failed"],
    ]);
    for (const { path, headers, event } of receiver.received) {
      expect(path).toBe("/hook?key=1");
      expect(headers).toMatchObject({
        authorization: "Bearer mine",
        "x-custom": "yes",
        "content-type": "application/json",
      });
      expect(headers["user-agent"]).toMatch(/^Playground\/\d/);
      expect(event).toMatchObject({
        jobId,
        jobName: "the four kinds",
        metadata: { customer: 7 },
      });
    }
    expect(receiver.received[3]?.event).toMatchObject({
      error: "This plugin never works",
      errorCode: "PLUGIN_THREW",
      progress: { completedPlugins: ["add-one", "add-one"], currentPlugin: "throw" },
    });
    const { jobId: next } = await daemon.post("/v1/jobs", {
      plugins: ["add-one"],
      input: 1,
      webhook,
    });
    const [, , done] = await receiver.untilReceived(3, ({ event }) => event.jobId === next);
    expect(done?.event).toMatchObject({ status: "completed", result: { output: 2 } });
  });

  test("are sent only for the kinds in `on`", async () => {
    const receiver = await openReceiver();
    const webhook = { url: receiver.url, on: ["completed"] };
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], webhook });
    await receiver.untilReceived(1);
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}`);
    expect(items.map((item: { event: string }) => item.event)).toEqual(["completed"]);
    expect(receiver.received[0]?.event).toMatchObject({ status: "completed", sequence: 3 });
  });

  test("are sent again to an endpoint that fails at first, and every attempt is stored", async () => {
    let requests = 0;
    const receiver = await openReceiver((_, response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 503 : 202).end(requests === 1 ? "not now" : "thanks");
    });
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["echo"],
      webhook: { url: receiver.url, on: ["started", "completed"] },
    });
    const [first, second, third] = await receiver.untilReceived(3);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    expect(third?.event.status).toBe("completed");
    const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}`);
    const started = items.find((item: { event: string }) => item.event === "started");
    const delivery = await until("the second attempt to be stored", async () => {
      const found = await daemon.get(`/v1/deliveries/${started.deliveryId}`);
      return found.attempts.length === 2 ? found : null;
    });
    expect(delivery).toMatchObject({
      state: "delivered",
      attemptCount: 2,
      attempts: [
        { number: 1, status: 503, response: "not now", error: null },
        { number: 2, status: 202, response: "thanks", error: null },
      ],
    });
    const [one, two] = delivery.attempts.map(({ at }: { at: string }) => Date.parse(at));
    // The first retry comes after 1 s ± 20 %.
    expect(two - one).toBeGreaterThanOrEqual(800);
  });

  test("that the endpoint never accepts are given up with the reason", async () => {
    const receiver = await openReceiver((_, response) => void response.writeHead(422).end());
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["echo"],
      webhook: { url: receiver.url, on: ["completed"] },
    });
    const dead = await until("the delivery to be given up", async () => {
      const { items } = await daemon.get(`/v1/deliveries?jobId=${jobId}&state=dead`);
      return items[0];
    });
    expect(dead.reason).toContain("422");
  });

  test("over 1 MiB have a link in place of the output, and the job has the complete output", async () => {
    const receiver = await openReceiver();
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["grow"],
      input: 2 * MIB,
      webhook: { url: receiver.url, on: ["completed"] },
    });
    const [completed] = await receiver.untilReceived(1);
    expect(completed?.event).toMatchObject({
      result: { truncated: true, output: null, outputs: [] },
    });
    const path = new URL(completed?.event.jobUrl as string).pathname;
    expect(path).toBe(`/v1/jobs/${jobId}`);
    expect((await daemon.get(path)).output).toHaveLength(2 * MIB);
  });
});

describe("a request", () => {
  test("waits for the job's end with Prefer: wait", async () => {
    const job = await daemon.post("/v1/jobs", { plugins: ["add-one", "add-one"], input: 1 }, WAIT);
    expect(job).toMatchObject({ status: "completed", output: 3 });
  });

  test("that is repeated with its Idempotency-Key creates no second job", async () => {
    const body = { plugins: ["echo"], input: { order: 1 } };
    const key = { "idempotency-key": "order-1", ...WAIT };
    const first = await daemon.post("/v1/jobs", body, key);
    const again = await daemon.post("/v1/jobs", body, key);
    expect(again.jobId).toBe(first.jobId);
    const other = await daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "order-1" },
      body: JSON.stringify({ ...body, input: { order: 2 } }),
    });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  });

  test("can have an input of 15 MiB, which the plugin receives completely", async () => {
    const text = "é".repeat((15 * MIB) / 2);
    const job = await daemon.post("/v1/jobs", { plugins: ["size"], input: { text } }, WAIT);
    expect(job.output).toEqual({ characters: text.length });
  });

  test("over the body limit is refused", async () => {
    const answer = await daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plugins: ["size"], input: { text: "x".repeat(16 * MIB) } }),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: "BODY_TOO_LARGE" });
  });
});

describe("a job", () => {
  test("that is cancelled while it runs fails, and its plugin is stopped", async () => {
    const receiver = await openReceiver();
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["wait-for-stop", "echo"],
      webhook: { url: receiver.url },
    });
    await untilStatus(jobId, "running");
    await receiver.untilReceived(1);
    await daemon.post(`/v1/jobs/${jobId}/cancel`, undefined);
    const job = await daemon.get(`/v1/jobs/${jobId}`);
    expect(job).toMatchObject({ status: "failed", errorCode: "CANCELLED" });
    await receiver.untilReceived(2);
    expect(receiver.received.map(({ event }) => event.status)).toEqual(["started", "failed"]);
    const next = await daemon.post("/v1/jobs", { plugins: ["echo"], input: 1 }, WAIT);
    expect(next.status).toBe("completed");
  });

  test("that failed is retried from the step that failed", async () => {
    const ledger = join(folder, "retry.txt");
    const file = join(folder, "there-later");
    const receiver = await openReceiver();
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: [{ name: "note", options: { line: "first step" } }, "needs-file"],
      input: { ledger, file },
      webhook: { url: receiver.url },
    });
    await untilStatus(jobId, "failed");
    await writeFile(file, "");
    await daemon.post(`/v1/jobs/${jobId}/retry`, undefined);
    await untilStatus(jobId, "completed");
    expect(await readFile(ledger, "utf8")).toBe("first step\n");
    await receiver.untilReceived(5);
    expect(receiver.received.map(({ event }) => [event.sequence, event.status])).toEqual([
      [1, "started"],
      [2, "progress"],
      [3, "failed"],
      [4, "progress"],
      [5, "completed"],
    ]);
  });

  test("with a higher priority runs before jobs that were submitted earlier", async () => {
    const ledger = join(folder, "priority.txt");
    const go = join(folder, "go-priority");
    const submit = (name: string, priority: number, options = {}) =>
      daemon.post("/v1/jobs", {
        plugins: [{ name: "note", options }],
        input: { ledger },
        name,
        priority,
      });
    const blocking = await submit("blocking", 0, { go });
    await until(
      "the job to run",
      async () => (await readFile(ledger, "utf8").catch(() => "")) !== "",
    );
    const ids: string[] = [blocking.jobId];
    for (const [name, priority] of [
      ["low", -5],
      ["normal", 0],
      ["later", 0],
      ["high", 5],
    ] as const) {
      ids.push((await submit(name, priority)).jobId);
    }
    // Some of these jobs can be claimed ahead. They are queued again after a second.
    for (const id of ids.slice(1)) await untilStatus(id, "queued");
    await writeFile(go, "");
    for (const id of ids) await untilStatus(id, "completed");
    const order = (await readFile(ledger, "utf8")).trim().split("\n");
    expect(order).toEqual(["blocking", "high", "normal", "later", "low"]);
  });

  test("with a runAt in the future is queued until then", async () => {
    const runAt = new Date(Date.now() + 1_500).toISOString();
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo"], runAt });
    expect((await daemon.get(`/v1/jobs/${jobId}`)).status).toBe("queued");
    const job = await untilStatus(jobId, "completed");
    expect(Date.parse(job.startedAt)).toBeGreaterThanOrEqual(Date.parse(runAt));
  });

  test("that runs longer than its timeoutMs fails", async () => {
    const body = { plugins: ["wait-for-stop"], timeoutMs: 100 };
    const job = await daemon.post("/v1/jobs", body, WAIT);
    expect(job).toMatchObject({ status: "failed", errorCode: "JOB_TIMEOUT" });
  });

  test("stores what its plugins logged", async () => {
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["echo", "chatty"] }, WAIT);
    const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
    expect(items).toMatchObject([
      { step: 1, level: "warn", message: "from ctx.log", data: { n: 1 } },
      { step: 1, level: "info", message: "from the console" },
    ]);
  });

  test("can be followed as a stream and resumed with Last-Event-ID", async () => {
    const ledger = join(folder, "stream.txt");
    const go = join(folder, "go-stream");
    const { jobId } = await daemon.post("/v1/jobs", {
      plugins: ["echo", { name: "note", options: { go, line: "" } }],
      input: { ledger },
    });
    const path = `/v1/jobs/${jobId}/events`;
    const accept = "text/event-stream";
    const seen: string[] = [];
    for await (const frame of readFrames(await daemon.request(path, { headers: { accept } }))) {
      seen.push(`${frame.id} ${frame.event}`);
      if (frame.id === "2") break;
    }
    await writeFile(go, "");
    const headers = { accept, "last-event-id": "2" };
    for await (const frame of readFrames(await daemon.request(path, { headers }))) {
      seen.push(`${frame.id} ${frame.event}`);
    }
    expect(seen).toEqual(["1 started", "2 progress", "3 progress", "4 completed"]);
    const atEnd = await daemon.request(path, { headers: { accept, "last-event-id": "4" } });
    expect(atEnd.status).toBe(204);
  });
});

describe("a plugin file", () => {
  const run = async (name: string) =>
    daemon.post("/v1/jobs", { plugins: [name], input: null }, WAIT);
  const status = async (name: string): Promise<string | null> => {
    const answer = await daemon.request(`/v1/plugins/${name}`);
    return answer.ok ? ((await answer.json()) as { status: string }).status : null;
  };

  test("that was never ready is refused with 503 and a time to try again", async () => {
    const path = join(daemon.pluginsDir, "never.ts");
    await writeFile(path, "export default {");
    await until("the plugin to be broken", async () => (await status("never")) === "broken");
    const body = JSON.stringify({ plugins: ["never"], input: null });
    const headers = { "content-type": "application/json" };
    const refused = await daemon.request("/v1/jobs", { method: "POST", body, headers });
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await refused.json()).toMatchObject({ code: "PLUGIN_BROKEN" });
    await unlink(path);
  });

  test("is read when it is added, changed, broken or removed, while other plugins work", async () => {
    const path = join(daemon.pluginsDir, "visitor.ts");
    expect(await status("visitor")).toBeNull();

    await dropPlugin(daemon.pluginsDir, "visitor", `() => "first"`);
    await until("the plugin to be ready", async () => (await status("visitor")) === "ready");
    expect((await run("visitor")).output).toBe("first");

    await dropPlugin(daemon.pluginsDir, "visitor", `() => "second"`);
    await until("the change to be read", async () => (await run("visitor")).output === "second");

    await writeFile(path, "export default {");
    await until("the plugin to be broken", async () => (await status("visitor")) === "broken");
    const { jobId } = await daemon.post("/v1/jobs", { plugins: ["visitor"], input: null });
    const waitingFor = async () => (await daemon.get(`/v1/jobs/${jobId}`))["waitingFor"];
    await until("the job to wait", async () => (await waitingFor()) !== null);
    expect(await waitingFor()).toMatchObject({
      kind: "plugin",
      detail: expect.stringMatching(/^Plugin "visitor" could not be loaded: .*visitor\.ts:1\)/),
    });
    expect((await run("echo")).status).toBe("completed");

    await unlink(path);
    await until("the plugin to be removed", async () => (await status("visitor")) === null);
    expect(await waitingFor()).toMatchObject({ detail: 'There is no plugin "visitor".' });
    expect((await run("echo")).status).toBe("completed");

    await dropPlugin(daemon.pluginsDir, "visitor", `() => "third"`);
    await until("the job to run", async () => (await waitingFor()) === null);
    await until("the job to end", async () => {
      const job = await daemon.get(`/v1/jobs/${jobId}`);
      return job["status"] === "completed" && job["output"] === "third";
    });
  });
});
