/**
 * Fills a data folder with jobs, deliveries, webhooks and batches in every state, through the API.
 * The first daemon runs most of it and stops cleanly. The second one is killed. The database's WAL
 * then contains only the writes of the second one, which keeps the fixture small.
 */
import type { Client } from "../../test/faults/upgrade/client.ts";
import type { DeliveryView } from "../../test/support/data-dir-fixtures.ts";
import type { Answers } from "./endpoints.ts";
import { ownWebhook, work, type Filler, type Filling } from "./filling.ts";

const FAR_AWAY = "2099-01-01T00:00:00.000Z";
/** Failures in a row that open a circuit. */
const FAILURES_TO_OPEN = 5;
const READ_FILE = {
  plugins: [{ name: "digest-file", options: { step: 0 } }],
  input: { file: "in/report.csv" },
  name: "file",
};

export interface Registered {
  readonly all: string;
  readonly paused: string;
  readonly rotated: string;
  readonly throttled: string;
  readonly failing: string;
  readonly silent: string;
  readonly gone: string;
}

const isOpen = ({ state }: DeliveryView): boolean => state === "due" || state === "waiting";
const attempted = (deliveries: readonly DeliveryView[]): number =>
  deliveries.reduce((sum, { attemptCount }) => sum + attemptCount, 0);

export async function registerWebhooks({ register }: Filler): Promise<Registered> {
  const all = await register("all");
  await register("filtered", { plugins: ["digest-file"], expiresAt: FAR_AWAY });
  return {
    all,
    paused: await register("paused", { on: ["completed", "failed"], timeoutMs: 5000 }),
    rotated: await register("rotated", { on: ["failed", "completed"], ratePerSecond: 200 }),
    throttled: await register("throttled", { jobName: "throttled" }),
    failing: await register("failing", { jobName: "failing", retries: 10 }),
    silent: await register("silent", { jobName: "silent", on: ["started", "completed"] }),
    gone: await register("gone", { on: ["completed"] }),
  };
}

/** Adds jobs and batches that have ended, with all their events delivered. */
export async function fillWithEnded(
  client: Client,
  filler: Filler,
  registered: Registered,
): Promise<void> {
  const { submit, submitBatch, untilEnded, untilJob, untilBatchEnded, untilDeliveries } = filler;
  const completed = await submit(
    {
      plugins: [work(0)],
      name: "completed",
      input: { text: "ä 🦆", 10: "ten", 9: "nine" },
      metadata: { customer: 7, tags: ["a", "b"] },
      priority: 5,
      timeoutMs: 60_000,
      webhook: ownWebhook("own"),
    },
    "order-completed",
  );
  await untilEnded(completed);
  await untilDeliveries(registered.gone, (all) => all.some(({ state }) => state === "dead"));
  const ended = [
    await submit({ plugins: [work(0), work(1), work(2)], name: "three steps", input: 1 }),
    await submit({ plugins: [work(0), work(1, { fails: "always" })], name: "failed" }),
    await submit({
      plugins: [work(0, { fails: "always" })],
      webhook: ownWebhook("broken", { on: ["failed"], retries: 0 }),
    }),
    await submit({ plugins: [work(0)], webhook: ownWebhook("refusing") }),
    await submit(READ_FILE),
  ];
  for (const id of ended) await untilEnded(id);

  filler.sign("fault", true);
  const retried = await submit({
    plugins: [work(0), work(1, { fails: "at first" })],
    name: "mended",
  });
  await untilJob(retried, ({ status }) => status === "failed");
  filler.sign("fault", false);
  await client.post(`/v1/jobs/${retried}/retry`, {});
  await untilJob(retried, ({ status }) => status === "completed");

  const beforeStart = await submit({
    plugins: [work(0)],
    name: "cancelled before it",
    runAt: FAR_AWAY,
  });
  await client.post(`/v1/jobs/${beforeStart}/cancel`, {});
  filler.sign("gate", true);
  const inStep = await submit({
    plugins: [work(0), work(1, { waits: true })],
    name: "cancelled in it",
    webhook: ownWebhook("own"),
  });
  await untilJob(inStep, ({ steps }) => steps[1]?.status === "running");
  await client.post(`/v1/jobs/${inStep}/cancel`, {});
  await untilEnded(inStep);
  filler.sign("gate", false);

  const batch = {
    jobs: [
      { plugins: [work(0)], name: "of a batch", idempotencyKey: "order-in-batch" },
      { plugins: [work(0, { fails: "always" })] },
    ],
    webhook: ownWebhook("callback"),
  };
  await untilBatchEnded(await submitBatch(batch, "batch-ended"));
  await untilBatchEnded(await submitBatch({ jobs: [{ plugins: [work(0)] }] }));
  await untilDeliveries(registered.paused, (all) => !all.some(isOpen));
}

/**
 * Adds ended jobs whose deliveries are open: paused, throttled, due for a retry, in flight. One job
 * failed.
 */
export async function fillWithWaiting(
  client: Client,
  filler: Filler,
  registered: Registered,
): Promise<void> {
  const { submit, submitBatch, untilEnded, untilJob, untilDeliveries } = filler;
  await client.send("PATCH", `/v1/webhooks/${registered.paused}`, { body: { state: "paused" } });
  await untilEnded(await submit({ plugins: [work(0)], name: "throttled" }));
  await untilDeliveries(registered.throttled, (all) => attempted(all) === 1);

  const later = await submit({ plugins: [work(0)], webhook: ownWebhook("own-later") });
  const { webhook } = await untilEnded(later);
  await untilDeliveries(webhook?.id ?? "", (all) => attempted(all) === 1);
  const calledLater = await submitBatch({
    jobs: [{ plugins: [work(0)] }, { plugins: [work(0)] }],
    webhook: ownWebhook("callback-later"),
  });
  const { webhook: callback } = await filler.untilBatchEnded(calledLater);
  await untilDeliveries(callback?.id ?? "", (all) => attempted(all) === 1);

  await untilEnded(await submit({ plugins: [work(0)], name: "silent" }));
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
    await untilEnded(await submit({ plugins: [work(0)], name: "failing" }));
  }
  filler.sign("fault", true);
  const again = await submit(
    { plugins: [work(0), work(1, { fails: "at first" })], name: "again" },
    "order-again",
  );
  await untilJob(again, ({ status }) => status === "failed");
}

/** Adds jobs that run when the daemon is killed, and jobs that are queued. */
export async function fillWithOpen(
  client: Client,
  filler: Filler,
  { registered, filling, answers }: { registered: Registered; filling: Filling; answers: Answers },
): Promise<void> {
  const { submit, untilJob } = filler;
  const { secret } = await client.post(`/v1/webhooks/${registered.rotated}/rotate-secret`, {});
  const before = filling.sealed[registered.rotated] ?? { headers: {}, secrets: [] };
  filling.sealed[registered.rotated] = { ...before, secrets: [secret, ...before.secrets] };
  // The first delivery got a Retry-After, so no attempt of these deliveries is made.
  await filler.untilEnded(await submit({ plugins: [work(0)], name: "throttled" }));
  filling.throttled.push(registered.throttled);

  filler.sign("gate", true);
  const running = await submit({
    plugins: [work(0), work(1, { waits: true }), work(2)],
    name: "running",
    webhook: ownWebhook("own"),
  });
  const alsoRunning = await submit({ plugins: [work(0, { waits: true })], priority: -3 });
  await untilJob(running, ({ steps }) => steps[1]?.status === "running");
  await untilJob(alsoRunning, ({ steps }) => steps[0]?.status === "running");

  const again = filling.requests.find(({ key }) => key === "order-again")?.id ?? "";
  await client.post(`/v1/jobs/${again}/retry`, {});
  const queued = [
    again,
    await submit({ plugins: [work(0), work(1)], webhook: ownWebhook("own") }, "order-queued"),
    await submit({ ...READ_FILE, priority: 9 }),
    await submit({ plugins: [work(0)], name: "scheduled", runAt: FAR_AWAY, metadata: { n: 1 } }),
  ];
  await filler.submitBatch(
    {
      jobs: [
        { plugins: [work(0)], name: "of a batch", idempotencyKey: "order-in-batch" },
        { plugins: [work(0)], webhook: ownWebhook("own", { on: ["completed"] }) },
        { plugins: [work(0), work(1)] },
      ],
      webhook: ownWebhook("callback"),
    },
    "batch-open",
  );
  // Some can have been claimed ahead. They return to the queue because no thread becomes free.
  for (const id of queued) await untilJob(id, ({ status }) => status === "queued");
  await answers.untilRequested("silent", 2);
  await filler.untilDeliveries(registered.all, (all) => !all.some(isOpen));
  // This opens the circuit: no attempt is made for the next five seconds.
  answers.startFailing();
  await filler.untilDeliveries(registered.failing, (all) => attempted(all) === FAILURES_TO_OPEN);
}
