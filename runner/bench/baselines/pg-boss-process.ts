/**
 * pg-boss for jobs and for deliveries, with Piscina and undici, tuned: jobs are added, fetched and
 * completed in batches, without its polling interval. It keeps no order and no attempts. Arguments: the
 * URL of the database, and the folder in which it is installed.
 */
import { once, setMaxListeners } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fastify from "fastify";
import { Piscina } from "piscina";
import type { CountedWords } from "./count-words.ts";
import { COUNT_WORDS, eventsOf, gather, post, serve, toJob } from "./parts.ts";
import type { BaselineEvent, BaselineJob } from "./parts.ts";

interface Fetched {
  readonly id: string;
  readonly data: unknown;
}

/** The part of pg-boss that is used. */
interface Boss {
  on(event: "error", listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string, options: object): Promise<unknown>;
  insert(name: string, jobs: readonly { readonly data: unknown }[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<readonly Fetched[]>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
}
interface PgBossModule {
  readonly PgBoss: new (options: object) => Boss;
}

const BATCH_SIZE = 64;
/** Batches of one queue that are worked on at the same time. */
const BATCHES = 2;
/** An empty queue is looked at again after this time, or when a job is added to it here. */
const POLL_MS = 500;

const [, , connectionString = "", folder = "."] = process.argv;
const { PgBoss } = createRequire(join(folder, "index.js"))("pg-boss") as PgBossModule;
const boss = new PgBoss({ connectionString, schedule: false });
boss.on("error", (error) => console.error(error));
await boss.start();
for (const name of ["jobs", "deliveries"]) await boss.createQueue(name, { retryLimit: 5 });
const threads = new Piscina({ filename: COUNT_WORDS, minThreads: 2, maxThreads: 2 });

function openQueue(name: string) {
  const added = new EventTarget();
  setMaxListeners(0, added);
  const add = gather(async (data: readonly unknown[]) => {
    await boss.insert(
      name,
      data.map((each) => ({ data: each })),
    );
    added.dispatchEvent(new Event("added"));
  });

  async function work(act: (data: unknown) => Promise<void>): Promise<never> {
    for (;;) {
      const wake = once(added, "added");
      const fetched = await boss.fetch(name, { batchSize: BATCH_SIZE });
      if (fetched.length === 0) {
        await Promise.race([wake, sleep(POLL_MS)]);
        continue;
      }
      await Promise.all(fetched.map(({ data }) => act(data)));
      await boss.complete(
        name,
        fetched.map(({ id }) => id),
      );
    }
  }

  return { add, work };
}

const jobs = openQueue("jobs");
const deliveries = openQueue("deliveries");

interface Delivery {
  readonly url: string;
  readonly event: BaselineEvent;
}

async function deliver({ webhook }: BaselineJob, events: readonly BaselineEvent[]): Promise<void> {
  const { url } = webhook;
  await Promise.all(events.map((event) => deliveries.add({ url, event } satisfies Delivery)));
}

async function runJob(data: unknown): Promise<void> {
  const job = data as BaselineJob;
  await deliver(job, eventsOf(job, ["started"], { first: 1 }));
  const output = (await threads.run(job.input)) as CountedWords;
  await deliver(job, eventsOf(job, ["progress", "completed"], { first: 2, output }));
}

async function send(data: unknown): Promise<void> {
  const { url, event } = data as Delivery;
  await post(url, event);
}

for (let batch = 0; batch < BATCHES; batch += 1) {
  void jobs.work(runJob);
  void deliveries.work(send);
}

const server = fastify();
server.post("/v1/jobs", async (request, reply) => {
  const job = toJob(request.body);
  await jobs.add(job);
  return reply.code(202).send({ jobId: job.id, status: "queued" });
});
await serve(server);
