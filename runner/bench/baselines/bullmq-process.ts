/**
 * What one would assemble: Fastify, BullMQ for jobs and for deliveries, Piscina and undici. Redis
 * syncs its log once a second, so that a second can be lost. Arguments: the port of Redis, and the
 * folder in which BullMQ is installed.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import fastify from "fastify";
import { Piscina } from "piscina";
import type { CountedWords } from "./count-words.ts";
import { COUNT_WORDS, eventsOf, post, serve, toJob } from "./parts.ts";
import type { BaselineEvent, BaselineJob } from "./parts.ts";

/** The part of BullMQ that is used. */
interface BullMq {
  readonly Queue: new (
    name: string,
    options: object,
  ) => { add(name: string, data: unknown, options: object): Promise<unknown> };
  readonly Worker: new (
    name: string,
    run: (job: { readonly data: unknown }) => Promise<void>,
    options: object,
  ) => unknown;
}

const [, , port = "6379", folder = "."] = process.argv;
const { Queue, Worker } = createRequire(join(folder, "index.js"))("bullmq") as BullMq;
const connection = { host: "127.0.0.1", port: Number(port) };
const jobs = new Queue("jobs", { connection });
const deliveries = new Queue("deliveries", { connection });
const threads = new Piscina({ filename: COUNT_WORDS, minThreads: 2, maxThreads: 2 });
const KEPT = { removeOnComplete: true, attempts: 5 };

interface Delivery {
  readonly url: string;
  readonly event: BaselineEvent;
}

async function deliver(job: BaselineJob, events: readonly BaselineEvent[]): Promise<void> {
  const { url } = job.webhook;
  for (const event of events) await deliveries.add("post", { url, event } satisfies Delivery, KEPT);
}

const run = async ({ data }: { readonly data: unknown }): Promise<void> => {
  const job = data as BaselineJob;
  await deliver(job, eventsOf(job, ["started"], { first: 1 }));
  const output = (await threads.run(job.input)) as CountedWords;
  await deliver(job, eventsOf(job, ["progress", "completed"], { first: 2, output }));
};
const send = async ({ data }: { readonly data: unknown }): Promise<void> => {
  const { url, event } = data as Delivery;
  await post(url, event);
};
void [
  new Worker("jobs", run, { connection, concurrency: 64 }),
  new Worker("deliveries", send, { connection, concurrency: 64 }),
];

const server = fastify();
server.post("/v1/jobs", async (request, reply) => {
  const job = toJob(request.body);
  await jobs.add("run", job, KEPT);
  return reply.code(202).send({ jobId: job.id, status: "queued" });
});
await serve(server);
