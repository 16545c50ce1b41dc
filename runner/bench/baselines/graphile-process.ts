/**
 * graphile-worker for jobs and for deliveries, with Piscina and undici, tuned as its documentation
 * advises: a local queue, and jobs added and completed in batches. It keeps no order, no attempts and
 * nothing of a job that has ended. Arguments: the URL of the database, and the folder in which it is
 * installed.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import fastify from "fastify";
import { Piscina } from "piscina";
import type { CountedWords } from "./count-words.ts";
import { COUNT_WORDS, eventsOf, gather, post, serve, toJob } from "./parts.ts";
import type { BaselineEvent, BaselineJob } from "./parts.ts";

interface NewJob {
  readonly identifier: string;
  readonly payload: unknown;
  readonly maxAttempts: number;
}

/** The part of graphile-worker that is used. */
interface GraphileWorker {
  readonly Logger: new (toLog: () => () => void) => object;
  run(options: object): Promise<unknown>;
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: readonly NewJob[]): Promise<unknown>;
  }>;
}

const [, , connectionString = "", folder = "."] = process.argv;
const graphile = createRequire(join(folder, "index.js"))("graphile-worker") as GraphileWorker;
const utils = await graphile.makeWorkerUtils({ connectionString });
await utils.migrate();
const threads = new Piscina({ filename: COUNT_WORDS, minThreads: 2, maxThreads: 2 });
const addJobs = gather((jobs: readonly NewJob[]) => utils.addJobs(jobs));
const newJob = (identifier: string, payload: unknown): NewJob => ({
  identifier,
  payload,
  maxAttempts: 5,
});

interface Delivery {
  readonly url: string;
  readonly event: BaselineEvent;
}

async function deliver({ webhook }: BaselineJob, events: readonly BaselineEvent[]): Promise<void> {
  const { url } = webhook;
  await Promise.all(events.map((event) => addJobs(newJob("send", { url, event }))));
}

const CONCURRENCY = 64;

await graphile.run({
  noHandleSignals: true,
  preset: {
    worker: {
      connectionString,
      concurrentJobs: CONCURRENCY,
      localQueue: { size: 2 * CONCURRENCY },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
  logger: new graphile.Logger(() => () => undefined),
  taskList: {
    async run(payload: unknown) {
      const job = payload as BaselineJob;
      await deliver(job, eventsOf(job, ["started"], { first: 1 }));
      const output = (await threads.run(job.input)) as CountedWords;
      await deliver(job, eventsOf(job, ["progress", "completed"], { first: 2, output }));
    },
    async send(payload: unknown) {
      const { url, event } = payload as Delivery;
      await post(url, event);
    },
  },
});

const server = fastify();
server.post("/v1/jobs", async (request, reply) => {
  const job = toJob(request.body);
  await addJobs(newJob("run", job));
  return reply.code(202).send({ jobId: job.id, status: "queued" });
});
await serve(server);
