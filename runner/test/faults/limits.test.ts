/** Every limit, set low: what exceeds it is refused, named and counted, and affects nothing else. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { LIMITS, type LimitName } from "../../src/domain/limits.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const WAIT = { prefer: "wait=30" };

let daemon: Daemon;
beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      echo: "(input) => input",
      grows: `() => "x".repeat(2000)`,
      chats: `(input, ctx) => { for (let n = 0; n < 50; n += 1) ctx.log.info("y".repeat(100)); }`,
    },
    env: {
      PLAYGROUND_MAX_QUEUED: "3",
      PLAYGROUND_MAX_BATCH_JOBS: "2",
      PLAYGROUND_MAX_WEBHOOKS: "1",
      PLAYGROUND_BODY_LIMIT: "4096",
      PLAYGROUND_METADATA_LIMIT: "64",
      PLAYGROUND_OUTPUT_LIMIT: "1024",
      PLAYGROUND_LOG_LIMIT: "1024",
    },
  });
});
afterAll(() => daemon.close());

async function refused(limit: LimitName): Promise<number> {
  const text = await (await daemon.request("/metrics")).text();
  const pattern = new RegExp(`^playground_refused_total\\{limit="${limit}"\\} (\\d+)$`, "m");
  return Number(pattern.exec(text)?.[1]);
}

const HOOK = "http://127.0.0.1:1/";
const job = (more: object = {}): object => ({ plugins: ["echo"], ...more });

const REFUSED: [LimitName, string, string, object, number, string][] = [
  [
    "batch",
    "three jobs in a batch",
    "/v1/batches",
    { jobs: [job(), job(), job()] },
    413,
    "BATCH_TOO_LARGE",
  ],
  [
    "metadata",
    "metadata of 71 bytes",
    "/v1/jobs",
    job({ metadata: { a: "é".repeat(32) } }),
    413,
    "METADATA_TOO_LARGE",
  ],
  [
    "body",
    "a body of 5,000 bytes",
    "/v1/jobs",
    job({ input: "x".repeat(5_000) }),
    413,
    "BODY_TOO_LARGE",
  ],
  ["webhooks", "a second webhook", "/v1/webhooks", { url: `${HOOK}b` }, 409, "WEBHOOK_LIMIT"],
  ["queue", "a fourth job in the queue", "/v1/jobs", job(), 503, "QUEUE_FULL"],
];

test.each(REFUSED)(
  "%s: %s is refused with the setting's name and counted",
  async (limit, _, path, body, status, code) => {
    if (limit === "webhooks") await daemon.post("/v1/webhooks", { url: `${HOOK}a` });
    const queued = [];
    for (let n = 0; limit === "queue" && n < 3; n += 1) {
      queued.push((await daemon.post("/v1/jobs", job({ runAt: "2999-01-01T00:00:00Z" }))).jobId);
    }
    const before = await refused(limit);
    const answer = await daemon.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const problem = (await answer.json()) as { code: string; detail: string };
    expect([answer.status, problem.code]).toEqual([status, code]);
    expect(problem.detail).toContain(`${LIMITS[limit]} sets the limit.`);
    expect(answer.headers.has("retry-after")).toBe(status === 503);
    expect(await refused(limit)).toBe(before + 1);
    for (const id of queued) await daemon.post(`/v1/jobs/${id}/cancel`, {});
    expect(await daemon.post("/v1/jobs", job({ input: 1 }), WAIT)).toMatchObject({ output: 1 });
  },
);

test("a refusal of the metadata of a batch's job names the job's index", async () => {
  const jobs = [job(), job({ metadata: { a: "x".repeat(100) } })];
  const submitted = daemon.post("/v1/batches", { jobs });
  await expect(submitted).rejects.toThrow('"path":"/jobs/1/metadata"');
});

test("output: 2,002 bytes fail the job with the setting's name and are counted", async () => {
  const ended = await daemon.post("/v1/jobs", { plugins: ["grows"] }, WAIT);
  expect(ended).toMatchObject({ status: "failed", errorCode: "OUTPUT_TOO_LARGE" });
  expect(ended.error).toContain("PLAYGROUND_OUTPUT_LIMIT");
  expect(await refused("output")).toBe(1);
});

test("log: lines over 1,024 bytes are dropped and counted, and the job completes", async () => {
  const { jobId, status } = await daemon.post("/v1/jobs", { plugins: ["chats"] }, WAIT);
  expect(status).toBe("completed");
  const lines = await until("the log", async () => {
    const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
    return items.length === 11 ? items : null;
  });
  expect(lines.at(-1).message).toContain("40 more lines were dropped");
  expect(lines.at(-1).message).toContain("PLAYGROUND_LOG_LIMIT");
  expect(await refused("log")).toBe(40);
});

test("log: the steps of a job share the limit", async () => {
  const before = await refused("log");
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["chats", "chats"] }, WAIT);
  const messages = await until("the log", async () => {
    const { items } = await daemon.get(`/v1/jobs/${jobId}/logs`);
    return items.length === 12 ? items.map(({ message }: { message: string }) => message) : null;
  });
  expect(messages.at(10)).toContain("40 more lines were dropped");
  expect(messages.at(11)).toContain("50 more lines were dropped");
  expect(messages.at(11)).toContain("0 bytes of PLAYGROUND_LOG_LIMIT left");
  expect((await refused("log")) - before).toBe(90);
});

test("the metrics contain every limit before anything is refused", async () => {
  for (const limit of Object.keys(LIMITS))
    expect(await refused(limit as LimitName)).toBeGreaterThanOrEqual(0);
});
